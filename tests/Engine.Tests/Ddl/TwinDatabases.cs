using System.Text;
using Microsoft.Data.Sqlite;
using Sluice.Engine.Format;

namespace Sluice.Engine.Tests.Ddl;

/// <summary>Two files in a temporary folder that get the same statements: one from SQLite, one from our engine.</summary>
public sealed class TwinDatabases : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-ddl-").FullName;

    public TwinDatabases()
    {
        SqlitePath = Path.Combine(_folder, "sqlite.db");
        OurPath = Path.Combine(_folder, "ours.db");
    }

    public string SqlitePath { get; }

    public string OurPath { get; }

    /// <summary>Both files made by SQLite, with the same content.</summary>
    public void Prepare(string sql)
    {
        Sqlite(SqlitePath, sql);
        File.Copy(SqlitePath, OurPath);
    }

    /// <summary>Runs the statements with SQLite; the rows of all, columns joined by a bar.</summary>
    public static List<string> Sqlite(string path, string sql)
    {
        using SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> rows = [];
        do
        {
            while (reader.Read())
            {
                rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "NULL" : reader.GetString(i))));
            }
        }
        while (reader.NextResult());
        return rows;
    }

    /// <summary>Runs the statements with our engine, which then gives the file up; the rows of all.</summary>
    public static List<string> Ours(string path, string sql)
    {
        using Database database = Database.Open(path, new DatabaseOptions());
        using Session session = database.Connect();
        return Run(session, sql);
    }

    public static List<string> Run(Session session, string sql)
    {
        byte[] text = Encoding.UTF8.GetBytes(sql);
        List<string> rows = [];
        for (int offset = 0; offset < text.Length;)
        {
            using Statement? statement = session.Prepare(text, offset, out int next);
            offset = next;
            while (statement is not null && statement.Step())
            {
                rows.Add(string.Join('|', Enumerable.Range(0, statement.ColumnCount).Select(i => Text(statement.Column(i)))));
            }
        }

        return rows;
    }

    /// <summary>SQLite's error text for the statements; null when they succeed.</summary>
    public static string? SqliteError(string path, string sql)
    {
        try
        {
            _ = Sqlite(path, sql);
            return null;
        }
        catch (SqliteException e)
        {
            // "SQLite Error 1: 'no such table: t'."
            int start = e.Message.IndexOf('\'') + 1;
            return e.Message[start..e.Message.LastIndexOf('\'')];
        }
    }

    public static string? OurError(string path, string sql)
    {
        try
        {
            _ = Ours(path, sql);
            return null;
        }
        catch (SluiceException e)
        {
            return e.Message;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Text(SqlValue value) => value.Type switch
    {
        SqlType.Null => "NULL",
        SqlType.Integer => value.Integer.ToString(),
        SqlType.Real => value.Real.ToString("R"),
        _ => value.DecodeText(),
    };
}
