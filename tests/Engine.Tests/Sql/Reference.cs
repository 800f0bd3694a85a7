using SQLitePCL;

namespace Sluice.Engine.Tests.Sql;

/// <summary>The SQLite library that Microsoft.Data.Sqlite brings, asked directly: the reference for parser tests.</summary>
internal sealed class Reference : IDisposable
{
    private readonly sqlite3 _connection;

    public Reference(string schema = "")
    {
        Batteries_V2.Init();
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_open(":memory:", out _connection));
        if (schema.Length > 0)
        {
            Assert.Equal(raw.SQLITE_OK, raw.sqlite3_exec(_connection, schema));
        }
    }

    public static string Version => raw.sqlite3_libversion().utf8_to_string();

    /// <summary>The error of preparing the first statement, or null.</summary>
    public string? ErrorOf(string sql)
    {
        int result = raw.sqlite3_prepare_v2(_connection, sql, out sqlite3_stmt statement);
        string? error = result == raw.SQLITE_OK ? null : raw.sqlite3_errmsg(_connection).utf8_to_string();
        raw.sqlite3_finalize(statement);
        return error;
    }

    /// <summary>All rows of a query, values written with quote(); or the error.</summary>
    public string Evaluate(string expression)
    {
        int result = raw.sqlite3_prepare_v2(_connection, $"SELECT quote({expression})", out sqlite3_stmt statement);
        if (result == raw.SQLITE_OK)
        {
            result = raw.sqlite3_step(statement);
        }

        string text = result == raw.SQLITE_ROW
            ? raw.sqlite3_column_text(statement, 0).utf8_to_string() ?? "(null)"
            : $"error: {raw.sqlite3_errmsg(_connection).utf8_to_string()}";
        raw.sqlite3_finalize(statement);
        return text;
    }

    public IReadOnlyList<string?> ParameterNames(string sql)
    {
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_prepare_v2(_connection, sql, out sqlite3_stmt statement));
        var names = new List<string?>();
        for (int i = 1; i <= raw.sqlite3_bind_parameter_count(statement); i++)
        {
            names.Add(raw.sqlite3_bind_parameter_name(statement, i).utf8_to_string());
        }

        raw.sqlite3_finalize(statement);
        return names;
    }

    public IReadOnlyList<string> ColumnNames(string sql)
    {
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_prepare_v2(_connection, sql, out sqlite3_stmt statement));
        var names = new List<string>();
        for (int i = 0; i < raw.sqlite3_column_count(statement); i++)
        {
            names.Add(raw.sqlite3_column_name(statement, i).utf8_to_string());
        }

        raw.sqlite3_finalize(statement);
        return names;
    }

    public void Dispose() => raw.sqlite3_close_v2(_connection);
}
