using System.Data.Common;
using Microsoft.Data.Sqlite;
using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Data;

/// <summary>
/// Runs the same code through the provider and through Microsoft.Data.Sqlite, each on a database in memory of its own.
/// </summary>
internal static class Providers
{
    private static readonly AsyncLocal<bool> s_throughOwner = new();

    /// <summary>From now on in this test <see cref="Sluice"/> works through the owner of a file, as another process does.</summary>
    public static void UseOwner() => s_throughOwner.Value = true;

    /// <summary>An open connection on a database in memory.</summary>
    public static SluiceConnection Sluice(string? setUp = null)
    {
        SluiceConnection connection = s_throughOwner.Value ? ThroughOwner() : new("Data Source=:memory:");
        connection.Open();
        if (setUp is not null)
        {
            connection.Run(setUp);
        }

        return connection;
    }

    /// <summary>An open connection of Microsoft.Data.Sqlite on a database in memory.</summary>
    public static SqliteConnection Sqlite(string? setUp = null)
    {
        SqliteConnection connection = new("Data Source=:memory:");
        connection.Open();
        if (setUp is not null)
        {
            connection.Run(setUp);
        }

        return connection;
    }

    /// <summary>A connection whose disposal is also that of the owner and of the file.</summary>
    private static SluiceConnection ThroughOwner()
    {
        TemporaryFolder folder = new();
        SluiceConnection owner = new($"Data Source={folder.File("t.db")}");
        owner.Open();
        SluiceConnection connection = new($"Data Source={folder.File("t.db")};Sharing=Client");
        connection.Disposed += (_, _) =>
        {
            owner.Dispose();
            folder.Dispose();
        };
        return connection;
    }

    /// <summary>Asserts that both give the same and returns it.</summary>
    public static T Agree<T>(Func<DbConnection, T> use, string? setUp = null)
    {
        using SqliteConnection theirs = Sqlite(setUp);
        using SluiceConnection ours = Sluice(setUp);
        T expected = use(theirs);
        Assert.Equal(expected, use(ours));
        return expected;
    }

    /// <summary>What <paramref name="use"/> gives, or the name of the exception's type.</summary>
    public static object? OrError(Func<object?> use)
    {
        try
        {
            return use();
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            return e.GetType().Name;
        }
    }

    public static int Run(this DbConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        using DbCommand command = connection.Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>Runs a statement of a transaction, which Microsoft.Data.Sqlite wants to be told.</summary>
    public static void InTransaction(this DbConnection connection, DbTransaction transaction, string sql)
    {
        using DbCommand command = connection.Command(sql);
        command.Transaction = transaction;
        command.ExecuteNonQuery();
    }

    public static object? Scalar(this DbConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        using DbCommand command = connection.Command(sql, parameters);
        return command.ExecuteScalar();
    }

    /// <summary>All results: a line for each row, each value with its type.</summary>
    public static List<string> Rows(this DbConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        using DbCommand command = connection.Command(sql, parameters);
        using DbDataReader reader = command.ExecuteReader();
        List<string> rows = [];
        do
        {
            while (reader.Read())
            {
                rows.Add(string.Join(" | ", Enumerable.Range(0, reader.FieldCount).Select(i => Show(reader.GetValue(i)))));
            }
        }
        while (reader.NextResult());
        return rows;
    }

    /// <summary>The ids of table t, in order.</summary>
    public static List<long> Ids(this DbConnection connection)
    {
        using DbCommand command = connection.Command("SELECT id FROM t ORDER BY id");
        using DbDataReader reader = command.ExecuteReader();
        List<long> ids = [];
        while (reader.Read())
        {
            ids.Add(reader.GetInt64(0));
        }

        return ids;
    }

    public static DbCommand Command(this DbConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object? value) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        return command;
    }

    public static string Show(object value) => value switch
    {
        DBNull => "NULL",
        byte[] bytes => $"x'{Convert.ToHexString(bytes)}'",
        double real => $"real {real:R}",
        long integer => $"integer {integer}",
        string text => $"text '{text}'",
        _ => $"{value.GetType().Name} {value}",
    };
}
