using System.Diagnostics;
using Sluice.Engine.BTree;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;
using Sluice.Engine.Tests.BTree;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Paging;

/// <summary>Journals that crashes left: ours for sqlite3, sqlite3's for us, ours for us.</summary>
public sealed class JournalTests : IDisposable
{
    private const int Rows = 400;

    private readonly TemporaryFolder _folder = new();
    private readonly string _path;

    public JournalTests()
    {
        _path = _folder.File("j.db");
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void A_crash_at_any_point_of_a_commit_leaves_the_old_or_the_new_state(int pageSize)
    {
        Sqlite3.Run(_path, Script(pageSize));
        byte[] before = File.ReadAllBytes(_path);
        (int operations, _) = CommitWith(new FaultyFileSystem(Fault.Crash), -1);
        Assert.True(operations > 8);
        int oldStates = 0;
        for (int point = 0; point < operations; point++)
        {
            File.WriteAllBytes(_path, before);
            Assert.True(CommitWith(new FaultyFileSystem(Fault.Crash), point).Failed);

            // The same files, recovered once by sqlite3 and once by us.
            string copy = _folder.File("copy.db");
            Duplicate(_path, copy);
            string[] bySqlite = Sqlite3.Run(copy, "PRAGMA integrity_check; SELECT count(*), min(b), max(b) FROM t; SELECT count(*) FROM t INDEXED BY i WHERE b > ''").Split('\n');
            Assert.Equal("ok", bySqlite[0]);
            (bool isNew, string state) = ReadState(_path);
            Assert.Equal(bySqlite[1], state);
            Assert.False(File.Exists(_path + "-journal"));
            Assert.Equal("ok", Sqlite3.Run(_path, "PRAGMA integrity_check"));
            oldStates += isNew ? 0 : 1;
        }

        Assert.InRange(oldStates, 5, operations - 1);
    }

    /// <summary>Restored, such a page is free again: SQLite keeps none either.</summary>
    [Fact]
    public void A_journal_has_no_page_that_was_free()
    {
        const int pageSize = 512;
        Sqlite3.Run(_path, Script(pageSize));
        byte[] before = File.ReadAllBytes(_path);
        HashSet<uint> free = [];
        for (uint trunk = Number(before, 32); trunk != 0; trunk = Number(before, (int)(trunk - 1) * pageSize))
        {
            int at = (int)(trunk - 1) * pageSize;
            for (int leaf = 0; leaf < Number(before, at + 4); leaf++)
            {
                free.Add(Number(before, at + 8 + (leaf * 4)));
            }
        }

        CommitWith(new FaultyFileSystem(Fault.Crash), CommitOperation());
        byte[] after = File.ReadAllBytes(_path);
        Assert.Contains(free, page => !before.AsSpan((int)(page - 1) * pageSize, pageSize).SequenceEqual(after.AsSpan((int)(page - 1) * pageSize, pageSize)));
        byte[] journal = File.ReadAllBytes(_path + "-journal");
        uint count = Number(journal, 8);
        Assert.InRange(count, 10u, uint.MaxValue);
        for (int record = 0; record < count; record++)
        {
            Assert.DoesNotContain(Number(journal, 4096 + (record * (pageSize + 8))), free);
        }
    }

    [Theory]
    [InlineData(Fault.FailOnce)]
    [InlineData(Fault.FailForGood)]
    public void An_error_at_any_point_of_a_commit_is_told_and_harms_nothing(Fault fault)
    {
        Sqlite3.Run(_path, Script(1024));
        byte[] before = File.ReadAllBytes(_path);
        (int operations, _) = CommitWith(new FaultyFileSystem(fault), -1);
        for (int point = 0; point < operations; point++)
        {
            File.Delete(_path + "-journal");
            File.WriteAllBytes(_path, before);
            FaultyFileSystem files = new(fault);
            using (Pager pager = Pager.Open(files, _path, new PagerOptions { CacheBytes = 1 }))
            {
                using BaseSnapshot pinned = pager.Pin();
                files.Remaining = point;
                SluiceException error = Assert.Throws<SluiceException>(() => Change(pager));
                Assert.Equal(ResultCode.Full, error.Code);
                Assert.Contains("says the test", error.Message);
                files.Remaining = -1;
                bool isLast = point == operations - 1;
                if (!isLast)
                {
                    // A snapshot from before the failure reads on as if nothing had been tried, unless its pages cannot be read any more.
                    AssertOld(pinned, canFail: fault == Fault.FailForGood);
                }

                if (fault == Fault.FailOnce && !isLast)
                {
                    using (BaseSnapshot after = pager.Pin())
                    {
                        AssertOld(after, canFail: false);
                    }

                    Change(pager);
                    using BaseSnapshot changed = pager.Pin();
                    Assert.True(StateOf(changed).IsNew);
                }
            }

            ReadState(_path);
            Assert.Equal("ok", Sqlite3.Run(_path, "PRAGMA integrity_check"));
        }
    }

    [Fact]
    public void A_commit_whose_outcome_is_not_known_stops_the_pager()
    {
        Sqlite3.Run(_path, Script(4096));
        int removal = CommitOperation();
        FaultyFileSystem files = new(Fault.FailOnce);
        using Pager pager = Pager.Open(files, _path, new PagerOptions());
        files.Remaining = removal + 1;
        Assert.Throws<SluiceException>(() => Change(pager));
        SluiceException stopped = Assert.Throws<SluiceException>(pager.Pin);
        Assert.Contains("not known whether the last commit is durable", stopped.Message);
        Assert.Throws<SluiceException>(pager.BeginWrite);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void A_journal_of_sqlite3_with_pages_spilled_is_rolled_back(int pageSize)
    {
        Sqlite3.Run(_path, Script(pageSize));
        string expected = ReadState(_path).State;
        using Process writer = Sqlite3.Start(_path);
        writer.StandardInput.WriteLine(
            "PRAGMA cache_size=4; PRAGMA cache_spill=1; BEGIN; UPDATE t SET b = b || 'changed' || hex(zeroblob(40)); DELETE FROM t WHERE a%3=0;"
            + "INSERT INTO t SELECT a+10000, b FROM t; SELECT 'spilled';");
        writer.StandardInput.Flush();
        Assert.Equal("spilled", writer.StandardOutput.ReadLine());
        Assert.NotEqual(0, new FileInfo(_path + "-journal").Length);

        // As a power cut would leave it, and then as a killed process does.
        string copy = _folder.File("copy.db");
        Duplicate(_path, copy);
        string inProgress = Sqlite3.TryRun(copy, "SELECT 1").Output;
        Assert.Equal("1", inProgress);
        Duplicate(_path, copy);
        Assert.Equal(expected, ReadState(copy).State);
        Assert.Equal("ok", Sqlite3.Run(copy, "PRAGMA integrity_check"));

        SluiceException busy = Assert.Throws<SluiceException>(() => Pager.Open(PosixFileSystem.Instance, _path, new PagerOptions()));
        Assert.Equal(ResultCode.Busy, busy.Code);
        writer.Kill();
        writer.WaitForExit();
        SluiceException hot = Assert.Throws<SluiceException>(() => Pager.Open(PosixFileSystem.Instance, _path, new PagerOptions { ReadOnly = true }));
        Assert.Contains("open the database for writing once", hot.Message);
        Assert.Equal(expected, ReadState(_path).State);
        Assert.False(File.Exists(_path + "-journal"));
    }

    [Fact]
    public void Beside_a_writing_sqlite3_a_read_only_opener_sees_the_last_commit()
    {
        Sqlite3.Run(_path, Script(4096));
        using Process writer = Sqlite3.Start(_path);
        writer.StandardInput.WriteLine("BEGIN; DELETE FROM t; SELECT 'written';");
        writer.StandardInput.Flush();
        Assert.Equal("written", writer.StandardOutput.ReadLine());
        using Pager reader = Pager.Open(PosixFileSystem.Instance, _path, new PagerOptions { ReadOnly = true, LockTimeout = TimeSpan.FromSeconds(20) });
        using (BaseSnapshot before = reader.Pin())
        {
            Assert.Equal(Rows, new TableCursor(before, SchemaRoots.Of(before)["t"]).Count());
        }

        writer.StandardInput.WriteLine("COMMIT; SELECT 'done';");
        writer.StandardInput.Flush();
        Assert.Equal("done", writer.StandardOutput.ReadLine());
        using BaseSnapshot after = reader.Pin();
        Assert.Equal(0, new TableCursor(after, SchemaRoots.Of(after)["t"]).Count());
    }

    [Theory]
    [InlineData("zero header")]
    [InlineData("torn header")]
    [InlineData("empty")]
    [InlineData("super-journal gone")]
    public void A_journal_that_must_not_be_played_back_is_only_removed(string kind)
    {
        // The journal of a finished change back to the state before; playing it back would undo the change.
        Sqlite3.Run(_path, Script(4096));
        CommitWith(new FaultyFileSystem(Fault.Crash), CommitOperation());
        byte[] journal = File.ReadAllBytes(_path + "-journal");
        byte[] written = File.ReadAllBytes(_path);
        File.WriteAllBytes(_path + "-journal", kind switch
        {
            "zero header" => [.. new byte[28], .. journal[28..]],
            "torn header" => [.. journal[..10], .. new byte[502], .. journal[512..]],
            "super-journal gone" => [.. journal, .. SuperJournal(_folder.File("gone-mj"))],
            _ => [],
        });
        using (Pager.Open(PosixFileSystem.Instance, _path, new PagerOptions()))
        {
            Assert.False(File.Exists(_path + "-journal"));
        }

        Assert.Equal(written, File.ReadAllBytes(_path));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(11)]
    [InlineData(19)]
    [InlineData(4096 + 3)]
    [InlineData(4096 + 500)]
    public void A_damaged_journal_is_not_played_back_in_part(int offset)
    {
        Sqlite3.Run(_path, Script(4096));
        CommitWith(new FaultyFileSystem(Fault.Crash), CommitOperation());
        byte[] journal = File.ReadAllBytes(_path + "-journal");
        byte[] written = File.ReadAllBytes(_path);
        journal[offset] ^= 0x40;
        File.WriteAllBytes(_path + "-journal", journal);
        CorruptFileException error = Assert.Throws<CorruptFileException>(() => Pager.Open(PosixFileSystem.Instance, _path, new PagerOptions()));
        Assert.StartsWith($"{_path}-journal: rollback journal: its checksum is not right", error.Message);
        Assert.Equal(written, File.ReadAllBytes(_path));
        Assert.Equal(journal, File.ReadAllBytes(_path + "-journal"));
    }

    [Fact]
    public void A_journal_whose_super_journal_is_there_is_played_back()
    {
        Sqlite3.Run(_path, Script(4096));
        string before = ReadState(_path).State;
        CommitWith(new FaultyFileSystem(Fault.Crash), CommitOperation());
        string super = _folder.File("here-mj");
        File.WriteAllText(super, _path + "-journal\0");
        File.WriteAllBytes(_path + "-journal", [.. File.ReadAllBytes(_path + "-journal"), .. SuperJournal(super)]);
        Assert.Equal(before, ReadState(_path).State);
    }

    private static string Script(int pageSize) =>
        $"PRAGMA page_size={pageSize}; CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX i ON t(b);"
        + $"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<{Rows}) INSERT INTO t SELECT x, printf('old%d', x*7%{Rows}) FROM n;"
        + "CREATE TABLE u(z); INSERT INTO u SELECT zeroblob(300) FROM t LIMIT 50; DROP TABLE u;";

    /// <summary>Replaces all rows and adds as many.</summary>
    private static void Change(Pager pager)
    {
        KeyOrder order = new([new KeyColumn(Collation.Binary, false)], unique: false);
        using PageTransaction transaction = pager.BeginWrite();
        Dictionary<string, uint> roots = SchemaRoots.Of(transaction);
        PageTreeWriter writer = new(transaction);
        writer.Clear(roots["i"]);
        for (int i = 1; i <= Rows * 2; i++)
        {
            string value = $"new value {i * 7 % Rows}";
            writer.PutRow(roots["t"], i, RecordWriter.Encode([SqlValue.Null, SqlValue.FromText(value)]));
            writer.PutKey(roots["i"], order, RecordWriter.Encode([SqlValue.FromText(value)], i));
        }

        transaction.Commit();
    }

    private (int Operations, bool Failed) CommitWith(FaultyFileSystem files, int failAt)
    {
        using Pager pager = Pager.Open(files, _path, new PagerOptions());
        int begin = files.Operations;
        files.Remaining = failAt;
        try
        {
            Change(pager);
            return (files.Operations - begin, false);
        }
        catch (CrashException)
        {
            return (files.Operations - begin, true);
        }
    }

    /// <summary>How many operations come before the one that removes the journal, which is the last but one.</summary>
    private int CommitOperation()
    {
        byte[] before = File.ReadAllBytes(_path);
        int operations = CommitWith(new FaultyFileSystem(Fault.Crash), -1).Operations;
        File.WriteAllBytes(_path, before);
        return operations - 2;
    }

    private static uint Number(byte[] bytes, int at) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at));

    private static byte[] SuperJournal(string name)
    {
        byte[] path = System.Text.Encoding.UTF8.GetBytes(name);
        byte[] trailer = new byte[4 + path.Length + 16];
        path.CopyTo(trailer, 4);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(trailer.AsSpan(4 + path.Length), path.Length);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(trailer.AsSpan(8 + path.Length), path.Sum(part => (sbyte)part));
        byte[] magic = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
        magic.CopyTo(trailer, 12 + path.Length);
        return trailer;
    }

    private static void Duplicate(string from, string to)
    {
        File.Copy(from, to, overwrite: true);
        File.Delete(to + "-journal");
        if (File.Exists(from + "-journal"))
        {
            File.Copy(from + "-journal", to + "-journal");
        }
    }

    private static (bool IsNew, string State) ReadState(string path)
    {
        using Pager pager = Pager.Open(PosixFileSystem.Instance, path, new PagerOptions());
        using BaseSnapshot snapshot = pager.Pin();
        Assert.Empty(SchemaRoots.Check(snapshot));
        return StateOf(snapshot);
    }

    private static (bool IsNew, string State) StateOf(IPageSource source)
    {
        TableCursor cursor = new(source, SchemaRoots.Of(source)["t"]);
        RecordReader reader = default;
        List<string> values = [];
        for (bool any = cursor.MoveFirst(); any; any = cursor.MoveNext())
        {
            reader.Reset(cursor.Record);
            values.Add(reader.Get(1).DecodeText());
        }

        values.Sort(StringComparer.Ordinal);
        return (values[0].StartsWith("new", StringComparison.Ordinal), $"{values.Count}|{values[0]}|{values[^1]}");
    }

    private static void AssertOld(BaseSnapshot snapshot, bool canFail)
    {
        try
        {
            Assert.False(StateOf(snapshot).IsNew);
            Assert.Empty(SchemaRoots.Check(snapshot));
        }
        catch (SluiceException) when (canFail)
        {
        }
    }
}
