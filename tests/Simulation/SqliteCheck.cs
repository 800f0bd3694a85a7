using Microsoft.Data.Sqlite;
using Sluice.Simulation.Disk;

namespace Sluice.Simulation;

/// <summary>What SQLite itself says of a file, with its rollback journal if there is one.</summary>
internal static class SqliteCheck
{
    public static void Run(Inode database, Inode? journal)
    {
        string folder = Directory.CreateTempSubdirectory("sluice-simulation").FullName;
        string path = System.IO.Path.Combine(folder, "check.db");
        try
        {
            File.WriteAllBytes(path, database.Current.ToArray());
            if (journal is not null)
            {
                File.WriteAllBytes(path + "-journal", journal.Current.ToArray());
            }

            using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA integrity_check";
            if (command.ExecuteScalar() is not "ok" and var answer)
            {
                throw new SimulationFailure($"SQLite's integrity_check: {answer}");
            }
        }
        catch (SqliteException error)
        {
            throw new SimulationFailure($"SQLite's integrity_check: {error.Message}", error);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
