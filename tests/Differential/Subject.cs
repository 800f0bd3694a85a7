using System.Data.Common;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Sluice.Engine;
using Sluice.Engine.Data;

namespace Sluice.Differential;

/// <summary>An empty database in memory, of the engine or of SQLite, that answers statements.</summary>
internal sealed partial class Subject : IDisposable
{
    /// <summary>SQLITE_DBCONFIG_FP_DIGITS ("Database Connection Configuration Options", sqlite.org/c3ref/c_dbconfig_defensive.html).</summary>
    private const int DigitsOfReals = 1023;

    /// <summary>SQLITE_TESTCTRL_OPTIMIZATIONS ("Testing Interface Operation Codes", sqlite.org/c3ref/c_testctrl_always.html).</summary>
    private const int Optimizations = 15;

    private const int AllOptimizations = -1;

    /// <summary>In seconds, for one command.</summary>
    private const int DefaultLimit = 30;

    private readonly DbConnection _connection;

    private readonly int _limit;

    private Subject(DbConnection connection, bool isOurs, int limit = DefaultLimit)
    {
        _connection = connection;
        _limit = limit;
        IsOurs = isOurs;
        connection.Open();
    }

    public bool IsOurs { get; }

    /// <param name="limit">In seconds, for one command.</param>
    public static Subject Sluice(int limit = DefaultLimit) => new(new SluiceConnection("Data Source=:memory:"), isOurs: true, limit);

    /// <summary>SQLite writes reals with 15 digits when asked to, as it did up to 3.52 and as Sluice does.</summary>
    public static Subject Sqlite()
    {
        SqliteConnection connection = new("Data Source=:memory:;Pooling=False");
        var subject = new Subject(connection, isOurs: false);
        _ = SQLitePCL.raw.sqlite3_db_config(connection.Handle, DigitsOfReals, 15, out _);
        return subject;
    }

    public Answer Run(string sql, bool isChange = false)
    {
        try
        {
            using DbCommand command = _connection.CreateCommand();
            command.CommandText = sql;
            command.CommandTimeout = _limit;
            using DbDataReader reader = command.ExecuteReader();
            var columns = new string[reader.FieldCount];
            for (int i = 0; i < columns.Length; i++)
            {
                columns[i] = reader.GetName(i);
            }

            List<object?[]> rows = [];
            while (reader.Read())
            {
                var row = new object?[columns.Length];
                for (int i = 0; i < row.Length; i++)
                {
                    row[i] = reader.GetValue(i) is var value and not DBNull ? value : null;
                }

                rows.Add(row);
            }

            return new Answer(columns, rows, isChange ? Math.Max(0, reader.RecordsAffected) : 0, 0, "");
        }
        catch (SluiceException error) when (error.Code != ResultCode.Internal)
        {
            return Answer.Failed((int)error.Code, error.Message);
        }
        catch (SqliteException error)
        {
            int start = error.Message.IndexOf('\'', StringComparison.Ordinal) + 1;
            int end = error.Message.LastIndexOf('\'');
            return Answer.Failed(error.SqliteExtendedErrorCode, end > start ? error.Message[start..end] : error.Message);
        }
        catch (Exception error)
        {
            return Answer.Failed(Answer.Crash, error.ToString());
        }
    }

    /// <summary>Has SQLite run statements as they are written: no flattening, no co-routines, no reordering.</summary>
    public void DisableOptimizations()
    {
        // Variadic in C: the arguments are passed like any others on x64 and ARM64 Linux.
        _ = TestControl(Optimizations, ((SqliteConnection)_connection).Handle!.DangerousGetHandle(), AllOptimizations);
    }

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_test_control")]
    private static partial int TestControl(int operation, nint connection, int mask);

    public void Dispose() => _connection.Dispose();
}
