using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using Sluice.Engine.Format;

namespace Sluice.Engine.Tests.Queries;

/// <summary>What a statement gave: columns and rows as text that tells types apart, or an error.</summary>
public sealed record Outcome(IReadOnlyList<string> Columns, IReadOnlyList<string> Rows, string? Error, long Changes)
{
    public override string ToString() => Error is not null
        ? $"error: {Error}"
        : $"[{string.Join(", ", Columns)}] changes {Changes}\n  {string.Join("\n  ", Rows.Take(40))}{(Rows.Count > 40 ? $"\n  ... {Rows.Count} rows" : "")}";
}

/// <summary>The same statements on SQLite and on our engine, both in memory, one connection each.</summary>
public sealed class Twin : IDisposable
{
    private readonly SqliteConnection _sqlite = new("Data Source=:memory:");
    private readonly Database _database = Database.Open(":memory:", new DatabaseOptions());
    private readonly Session _session;

    public Twin()
    {
        _sqlite.Open();
        _session = _database.Connect();
    }

    public Session Session => _session;

    /// <summary>Runs one or more statements on both; the outcome of each is that of the last statement, or the first error.</summary>
    public (Outcome Sqlite, Outcome Ours) Run(string sql, IReadOnlyList<object?>? parameters = null) => (RunSqlite(sql, parameters ?? []), RunOurs(sql, parameters ?? []));

    /// <summary>The difference between the outcomes, or null. Rows in any order when <paramref name="sorted"/>.</summary>
    public static string? Difference(Outcome sqlite, Outcome ours, bool sorted = false)
    {
        if (sqlite.Error is not null || ours.Error is not null)
        {
            return sqlite.Error == ours.Error ? null : "errors differ";
        }

        if (!sqlite.Columns.SequenceEqual(ours.Columns))
        {
            return "columns differ";
        }

        IEnumerable<string> expected = sorted ? sqlite.Rows.Order(StringComparer.Ordinal) : sqlite.Rows;
        IEnumerable<string> actual = sorted ? ours.Rows.Order(StringComparer.Ordinal) : ours.Rows;
        return !expected.SequenceEqual(actual) ? "rows differ" : sqlite.Changes != ours.Changes ? "changes differ" : null;
    }

    public void Dispose()
    {
        _session.Dispose();
        _database.Dispose();
        _sqlite.Dispose();
    }

    private Outcome RunOurs(string sql, IReadOnlyList<object?> parameters)
    {
        List<string> columns = [];
        List<string> rows = [];
        long changes = 0;
        try
        {
            byte[] text = Encoding.UTF8.GetBytes(sql);
            for (int offset = 0; offset < text.Length;)
            {
                using Statement? statement = _session.Prepare(text, offset, out offset);
                if (statement is null)
                {
                    break;
                }

                for (int i = 0; i < statement.ParameterCount; i++)
                {
                    statement.Bind(i + 1, ToValue(parameters.ElementAtOrDefault(i)));
                }

                columns = [.. Enumerable.Range(0, statement.ColumnCount).Select(i => $"{statement.ColumnName(i)}:{statement.ColumnDeclaredType(i)}")];
                rows = [];
                while (statement.Step())
                {
                    rows.Add(string.Join('|', Enumerable.Range(0, statement.ColumnCount).Select(i => Text(statement.Column(i)))));
                }

                changes = _session.TotalChanges;
            }

            return new Outcome(columns, rows, null, changes);
        }
        catch (SluiceException e)
        {
            return new Outcome([], [], $"{(int)e.Code} {e.Message}", 0);
        }
    }

    private Outcome RunSqlite(string sql, IReadOnlyList<object?> parameters)
    {
        List<string> columns = [];
        List<string> rows = [];
        sqlite3 db = _sqlite.Handle!;
        string rest = sql;
        while (rest.Trim().Length > 0)
        {
            int code = raw.sqlite3_prepare_v2(db, rest, out sqlite3_stmt statement, out rest);
            using (statement)
            {
                if (code != raw.SQLITE_OK)
                {
                    return Failed(db);
                }

                if (statement.IsInvalid)
                {
                    continue;
                }

                Bind(statement, parameters);
                int count = raw.sqlite3_column_count(statement);
                columns = [.. Enumerable.Range(0, count).Select(i =>
                    $"{raw.sqlite3_column_name(statement, i).utf8_to_string()}:{raw.sqlite3_column_decltype(statement, i).utf8_to_string()}")];
                rows = [];
                while ((code = raw.sqlite3_step(statement)) == raw.SQLITE_ROW)
                {
                    rows.Add(string.Join('|', Enumerable.Range(0, count).Select(i => Text(statement, i))));
                }

                if (code != raw.SQLITE_DONE)
                {
                    return Failed(db);
                }
            }
        }

        return new Outcome(columns, rows, null, raw.sqlite3_total_changes(db));
    }

    private static Outcome Failed(sqlite3 db) =>
        new([], [], $"{raw.sqlite3_extended_errcode(db)} {raw.sqlite3_errmsg(db).utf8_to_string()}", 0);

    private static void Bind(sqlite3_stmt statement, IReadOnlyList<object?> parameters)
    {
        for (int i = 0; i < raw.sqlite3_bind_parameter_count(statement); i++)
        {
            _ = parameters.ElementAtOrDefault(i) switch
            {
                null => raw.sqlite3_bind_null(statement, i + 1),
                long value => raw.sqlite3_bind_int64(statement, i + 1, value),
                int value => raw.sqlite3_bind_int64(statement, i + 1, value),
                double value => raw.sqlite3_bind_double(statement, i + 1, value),
                string value => raw.sqlite3_bind_text(statement, i + 1, value),
                var value => raw.sqlite3_bind_blob(statement, i + 1, (byte[])value),
            };
        }
    }

    private static SqlValue ToValue(object? value) => value switch
    {
        null => SqlValue.Null,
        long integer => SqlValue.FromInteger(integer),
        int integer => SqlValue.FromInteger(integer),
        double real => SqlValue.FromReal(real),
        string text => SqlValue.FromText(text),
        _ => SqlValue.FromBlob((byte[])value),
    };

    private static string Text(in SqlValue value) => value.Type switch
    {
        SqlType.Null => "NULL",
        SqlType.Integer => value.Integer.ToString(CultureInfo.InvariantCulture),
        SqlType.Real => Real(value.Real),
        SqlType.Text => $"'{value.DecodeText()}'",
        _ => $"x'{Convert.ToHexString(value.Bytes)}'",
    };

    private static string Text(sqlite3_stmt statement, int column) => raw.sqlite3_column_type(statement, column) switch
    {
        raw.SQLITE_NULL => "NULL",
        raw.SQLITE_INTEGER => raw.sqlite3_column_int64(statement, column).ToString(CultureInfo.InvariantCulture),
        raw.SQLITE_FLOAT => Real(raw.sqlite3_column_double(statement, column)),
        raw.SQLITE_TEXT => $"'{raw.sqlite3_column_text(statement, column).utf8_to_string()}'",
        _ => $"x'{Convert.ToHexString(raw.sqlite3_column_blob(statement, column))}'",
    };

    /// <summary>With 14 digits: sums of reals may be added in another order.</summary>
    private static string Real(double value) => value.ToString("0.0#############E+0", CultureInfo.InvariantCulture);
}
