using System.Data.Common;
using Microsoft.Data.Sqlite;
using Sluice.Engine.Data;

namespace Sluice.Benchmarks.Engine;

/// <summary>One of the two engines that are compared, through the same ADO.NET interface and with the same SQL.</summary>
internal abstract class Side
{
    public const string Insert = "INSERT INTO readings(series_id, ts, value) VALUES(@series, @ts, @value)";

    public abstract string FileName { get; }

    /// <summary>How a transaction of several rows begins.</summary>
    public abstract string Begin { get; }

    /// <summary>What moves all that is committed into the database file.</summary>
    public abstract string Checkpoint { get; }

    public static Side Of(string name) => name switch
    {
        "sluice" => new SluiceSide(),
        "sqlite" => new SqliteSide(),
        _ => throw new ArgumentException($"no engine is called {name}", nameof(name)),
    };

    /// <summary>An open connection, durable at every commit.</summary>
    public abstract DbConnection Open(string folder);

    /// <summary>Makes the table of the gateway's default schema, with its index or without.</summary>
    public static void CreateTable(DbConnection connection, bool withIndex)
    {
        Execute(connection, "CREATE TABLE readings(id INTEGER PRIMARY KEY, series_id INTEGER NOT NULL, ts INTEGER NOT NULL, value)");
        if (withIndex)
        {
            Execute(connection, "CREATE INDEX readings_series_ts ON readings(series_id, ts)");
        }
    }

    public static void Execute(DbConnection connection, string sql)
    {
        using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }

    public static DbCommand Prepare(DbConnection connection, string sql, params ReadOnlySpan<string> parameters)
    {
        DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (string name in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = 0L;
            _ = command.Parameters.Add(parameter);
        }

        command.Prepare();
        return command;
    }

    private sealed class SluiceSide : Side
    {
        public override string FileName => "sluice.db";

        public override string Begin => "BEGIN CONCURRENT";

        public override string Checkpoint => "PRAGMA wal_checkpoint";

        public override DbConnection Open(string folder)
        {
            SluiceConnection connection = new($"Data Source={Path.Combine(folder, FileName)}");
            connection.Open();
            return connection;
        }
    }

    private sealed class SqliteSide : Side
    {
        public override string FileName => "sqlite.db";

        public override string Begin => "BEGIN IMMEDIATE";

        public override string Checkpoint => "PRAGMA wal_checkpoint(TRUNCATE)";

        /// <summary>The page cache is as large as the other side's.</summary>
        public override DbConnection Open(string folder)
        {
            SqliteConnection connection = new($"Data Source={Path.Combine(folder, FileName)};Pooling=False;Default Timeout=120");
            connection.Open();
            Execute(connection, "PRAGMA journal_mode=WAL");
            Execute(connection, "PRAGMA synchronous=FULL");
            Execute(connection, "PRAGMA cache_size=-16384");
            return connection;
        }
    }
}
