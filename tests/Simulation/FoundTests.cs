using System.Text;
using Sluice.Engine;
using Sluice.Engine.Transactions;
using Sluice.Simulation.Disk;

namespace Sluice.Simulation;

/// <summary>What the simulation has found, each as a case of its own.</summary>
public sealed class FoundTests
{
    private const string Path = "found.db";

    private readonly SimulatedDisk _disk = new(new Random(1), new Trace());
    private readonly SimulatedClock _clock = new();
    private readonly SimulatedWork _work;

    public FoundTests()
    {
        _work = new SimulatedWork(_clock, static loop => loop.Step());
    }

    /// <summary>
    /// The journal is removed but the folder cannot be synced: the next process may find the new schema or the old one. The engine went on and
    /// acknowledged commits on the old one.
    /// </summary>
    [Fact]
    public void After_DDL_whose_outcome_is_not_known_nothing_is_acknowledged()
    {
        Database database = Open();
        using Session session = database.Connect();
        Execute(session, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)");
        Execute(session, "INSERT INTO t VALUES (1, 'before')");

        // The checkpoint that DDL begins with syncs the folder twice, then DDL itself does.
        _disk.SetPlan(new FaultPlan { FailAtPoint = (new IoPoint(_disk.Phase, FileKind.Journal, IoKind.SyncFolder), 4) });
        SluiceException error = Assert.Throws<SluiceException>(() => Execute(session, "DROP TABLE t"));
        Assert.Equal(ResultCode.IoErrorSync, error.Code);
        Assert.Contains("not known whether", Assert.Throws<SluiceException>(() => Execute(session, "INSERT INTO t VALUES (2, 'after')")).Message, StringComparison.Ordinal);

        _disk.SetPlan(FaultPlan.None);
        _disk.Restart(powerLost: false);
        using Database again = Open();
        using Session reader = again.Connect();
        Assert.Equal("0", Execute(reader, "SELECT count(*) FROM sqlite_schema"));
    }

    /// <summary>With a commit delay the seal came only after another delay, and a damaged last batch looked unfinished until then.</summary>
    [Fact]
    public void The_log_is_sealed_at_once_when_nothing_more_waits()
    {
        // The test runner's context would send what awaits the commit elsewhere.
        SynchronizationContext.SetSynchronizationContext(null);
        Database database = Open(TimeSpan.FromMilliseconds(10));
        using Session session = database.Connect();
        Execute(session, "CREATE TABLE t(id INTEGER PRIMARY KEY)");
        using Statement insert = session.Prepare("INSERT INTO t VALUES (1)"u8.ToArray(), 0, out _)!;
        ValueTask<bool> commit = insert.StepAsync();
        SimulatedLoop writer = _work.Loops.Single(loop => loop.IsLogWriter);
        writer.Step();
        Assert.False(commit.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(10));
        writer.Step();
        Assert.True(commit.IsCompletedSuccessfully);
        writer.Step();
        Assert.True(writer.IsResting);
    }

    /// <summary>Each try to make the next segment ahead of need left a part of it.</summary>
    [Fact]
    public void A_full_disk_does_not_fill_with_parts_of_segments()
    {
        Database database = Open();
        using Session session = database.Connect();
        Execute(session, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)");
        Execute(session, $"INSERT INTO t(v) VALUES ('{new string('a', 1000)}')");
        _disk.SetPlan(new FaultPlan { FreeBytes = 3000 });
        SimulatedLoop checkpoints = _work.Loops.Single(loop => !loop.IsLogWriter);
        for (int i = 0; i < 3; i++)
        {
            Execute(session, $"INSERT INTO t(v) VALUES ('{new string('b', 500)}')");
            checkpoints.Step();
        }

        Assert.True(_disk.Injected >= 2, "the disk was never full");
        Assert.Equal([Path, Path + "-log.1"], _disk.Names.Keys);
    }

    /// <summary>
    /// While a page commit that failed was being taken back, readers loaded pages of it into the cache; the next checkpoint built on them.
    /// </summary>
    [Fact]
    public void Pages_read_while_a_failed_checkpoint_is_taken_back_are_forgotten()
    {
        Database database = Open();
        using Session session = database.Connect();
        using Session reader = database.Connect();
        Execute(session, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)");
        for (int i = 1; i <= 40; i++)
        {
            Execute(session, $"INSERT INTO t VALUES ({i}, '{new string('a', 600)}')");
        }

        database.Checkpoint();
        Execute(session, "UPDATE t SET v = 'short'");
        Execute(session, $"INSERT INTO t VALUES (100, '{new string('b', 9000)}')");
        _disk.SetPlan(new FaultPlan { FailAtPoint = (new IoPoint(_disk.Phase, FileKind.Database, IoKind.Sync), 1) });
        _disk.Meanwhile = point =>
        {
            if (_disk.Injected > 0 && point is { File: FileKind.Database, Kind: IoKind.Write or IoKind.Resize })
            {
                Assert.Equal("41", Execute(reader, "SELECT count(v) FROM t"));
            }
        };
        Assert.Equal(ResultCode.IoErrorSync, Assert.Throws<SluiceException>(database.Checkpoint).Code);
        _disk.Meanwhile = null;
        database.Checkpoint();
        Assert.Equal("'ok'", Execute(session, "PRAGMA integrity_check"));
        Assert.Equal("41", Execute(session, "SELECT count(v) FROM t"));
    }

    /// <summary>
    /// A segment that could not be freed was forgotten with its number, the next one was freed, and the gap between the numbers kept the next process
    /// from opening the database.
    /// </summary>
    [Theory]
    [InlineData(nameof(IoKind.Write))]
    [InlineData(nameof(IoKind.Sync))]
    [InlineData(nameof(IoKind.Delete))]
    [InlineData(nameof(IoKind.SyncFolder))]
    public void A_segment_that_cannot_be_freed_leaves_no_gap_in_the_log(string kind)
    {
        Database database = Open();
        int rows = 0;
        int failures = 0;
        for (int times = 1; times <= 8; times++)
        {
            using (Session session = database.Connect())
            {
                Execute(session, "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, v TEXT)");
                for (int round = 0; round < 3 && !database.IsReadOnly; round++)
                {
                    for (int i = 0; i < 30; i++, rows++)
                    {
                        Execute(session, $"INSERT INTO t(v) VALUES ('{new string('a', 600)}')");
                    }

                    _disk.SetPlan(round > 0 ? FaultPlan.None : new FaultPlan { FailAtPoint = (new IoPoint(_disk.Phase, FileKind.Log, Enum.Parse<IoKind>(kind)), times) });
                    try
                    {
                        database.Checkpoint();
                    }
                    catch (SluiceException) when (_disk.Injected > 0)
                    {
                        failures++;
                    }

                    _disk.SetPlan(FaultPlan.None);
                }
            }

            _disk.Restart(powerLost: true);
            database = Open();
            using Session again = database.Connect();
            Assert.Equal($"{rows}", Execute(again, "SELECT count(*) FROM t"));
        }

        Assert.True(failures > 0, "nothing failed");
    }

    private Database Open(TimeSpan commitDelay = default) => Database.OpenIn(_disk, Path, new DatabaseOptions
    {
        Store = new StoreOptions { SegmentBytes = 8192, CommitDelay = commitDelay, Clock = _clock, Work = _work, Random = new Random(1) },
    });

    private static string Execute(Session session, string sql)
    {
        session.BusyTimeout = TimeSpan.Zero;
        using Statement statement = session.Prepare(Encoding.UTF8.GetBytes(sql), 0, out _)!;
        return statement.Step() ? statement.Column(0).ToString() : "";
    }
}
