using System.Text;
using Sluice.Engine;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;
using Sluice.Simulation.Disk;

namespace Sluice.Simulation.Flips;

/// <summary>How the process that made a <see cref="SmallDatabase"/> ended.</summary>
public enum Ending
{
    /// <summary>In order: all is in the page file.</summary>
    Closed,

    /// <summary>Killed, with commits that are only in the log.</summary>
    Killed,

    /// <summary>Killed in a checkpoint, when all pages were written and the rollback journal was not removed yet.</summary>
    KilledInCheckpoint,
}

/// <summary>A small database with a bit of everything, as the files that its process left.</summary>
internal sealed class SmallDatabase
{
    public const string Path = "small.db";

    private static readonly string[] s_reads =
    [
        "SELECT id, k, v FROM t",
        "SELECT k, id FROM t WHERE k >= 0 ORDER BY k",
        "SELECT v, id FROM t WHERE v > 'a' ORDER BY v",
        "SELECT id, v FROM t WHERE id BETWEEN 3 AND 9 ORDER BY id DESC",
        "SELECT n, length(b), b FROM u ORDER BY n",
        "SELECT a, b, c FROM w ORDER BY a, b",
        "SELECT count(*), sum(k) FROM t",
        "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name",
        "PRAGMA user_version",
    ];

    private SmallDatabase(IReadOnlyDictionary<string, byte[]> files, IReadOnlyList<string> answers)
    {
        Files = files;
        Answers = answers;
    }

    public IReadOnlyDictionary<string, byte[]> Files { get; }

    /// <summary>What <see cref="ReadAll"/> gives.</summary>
    public IReadOnlyList<string> Answers { get; }

    public static SmallDatabase Make(Ending ending)
    {
        var disk = new SimulatedDisk(new Random(1), new Trace());
        Database database = Open(disk);
        using (Session session = database.Connect())
        {
            Execute(session, "CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER UNIQUE, v TEXT)");
            Execute(session, "CREATE INDEX t_v ON t(v, k)");
            Execute(session, "CREATE TABLE u(n INTEGER, b BLOB)");
            Execute(session, "CREATE TABLE w(a TEXT, b INTEGER, c TEXT, PRIMARY KEY(a, b)) WITHOUT ROWID");
            Execute(session, "CREATE TABLE gone(x TEXT)");
            Execute(session, "PRAGMA user_version = 7");
            for (int i = 1; i <= 12; i++)
            {
                Execute(session, $"INSERT INTO t(k, v) VALUES ({i * 7}, 'value {i}')");
                Execute(session, $"INSERT INTO w VALUES ('key', {i}, 'content {i}')");
                Execute(session, $"INSERT INTO gone VALUES ('{new string('g', 90)}')");
            }

            // On two overflow pages.
            Execute(session, $"INSERT INTO u VALUES (1, x'{string.Concat(Enumerable.Repeat("0123456789abcdef", 100))}')");
            Execute(session, "DROP TABLE gone");
            database.Checkpoint();
            Execute(session, "UPDATE t SET v = 'changed' WHERE id = 4");
            Execute(session, "DELETE FROM t WHERE id = 6");
            Execute(session, "INSERT INTO u VALUES (2, x'00ff')");
        }

        IReadOnlyList<string> answers = ReadAll(database);
        switch (ending)
        {
            case Ending.Closed:
                database.Dispose();
                break;
            case Ending.KilledInCheckpoint:
                disk.Phase = "checkpoint";
                disk.SetPlan(new FaultPlan { CrashAtPoint = (new IoPoint("checkpoint", FileKind.Journal, IoKind.Delete), 1) });
                Assert.Throws<PowerCutException>(database.Checkpoint);
                break;
        }

        disk.Restart(powerLost: false);
        var images = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach ((string path, Inode inode) in disk.Names)
        {
            images.Add(path, inode.Current.ToArray());
        }

        return new SmallDatabase(images, answers);
    }

    /// <summary>The files with one byte changed.</summary>
    public MemoryFileSystem CopyWith(string changed, int offset, byte mask)
    {
        var files = new MemoryFileSystem();
        foreach ((string path, byte[] image) in Files)
        {
            using EngineFile file = files.Open(path, FileAccessMode.CreateNew);
            file.Write(image, 0);
            if (path == changed)
            {
                file.Write([(byte)(image[offset] ^ mask)], offset);
            }
        }

        return files;
    }

    public static Database Open(FileSystem files)
    {
        var clock = new SimulatedClock();
        return Database.OpenIn(files, Path, new DatabaseOptions
        {
            Store = new StoreOptions
            {
                PageSize = 512,
                SegmentBytes = 8192,
                Clock = clock,
                Work = new SimulatedWork(clock, static loop => loop.Step()),
                Random = new Random(1),
            },
        });
    }

    public static IReadOnlyList<string> ReadAll(Database database)
    {
        using Session session = database.Connect();
        return [.. s_reads.Select(sql => Execute(session, sql))];
    }

    private static string Execute(Session session, string sql)
    {
        using Statement statement = session.Prepare(Encoding.UTF8.GetBytes(sql), 0, out _)!;
        var text = new StringBuilder();
        while (statement.Step())
        {
            for (int i = 0; i < statement.ColumnCount; i++)
            {
                SqlValue value = statement.Column(i);
                text.Append(value.ToString()).Append('|');
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
