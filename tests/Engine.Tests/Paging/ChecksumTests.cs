using System.Buffers.Binary;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;
using Sluice.Engine.Tests.Ddl;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Paging;

/// <summary>The checksums of pages: written with each page, verified with each read, and right again after another program wrote the file.</summary>
public sealed class ChecksumTests : IDisposable
{
    private const string Content =
        "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX i ON t(b); CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID;"
        + "INSERT INTO t SELECT value, printf('%050d', value * 7 % 1000) FROM generate_series(1, 1000);"
        + "INSERT INTO w SELECT b, a FROM t; CREATE TABLE gone(x); INSERT INTO gone SELECT zeroblob(9000) FROM t LIMIT 20; DROP TABLE gone;";

    private readonly TemporaryFolder _folder = new();
    private readonly string _path;

    public ChecksumTests()
    {
        _path = _folder.File("c.db");
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The checksum as its description gives it, one word after the other.</summary>
    [Fact]
    public void The_checksum_is_that_of_SQLites_checksum_VFS()
    {
        int seed = Random.Shared.Next();
        Random random = new(seed);
        for (int size = 512; size <= 65536; size *= 2)
        {
            byte[] page = new byte[size];
            random.NextBytes(page);
            Assert.True(Described(page) == PageChecksum.Of(page), $"seed {seed}, {size} bytes");
            PageChecksum.Write(page);
            Assert.True(PageChecksum.IsRight(page));
            int at = random.Next(size);
            page[at] ^= (byte)random.Next(1, 256);
            Assert.False(PageChecksum.IsRight(page), $"seed {seed}, {size} bytes, changed at {at}");
        }

        Assert.Equal(0ul, PageChecksum.Of(new byte[4096]));
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(65536)]
    public void Every_page_of_a_new_file_has_its_checksum(int pageSize)
    {
        Ours(Content + "DELETE FROM t WHERE a % 3 = 0; VACUUM; INSERT INTO t SELECT a + 5000, b FROM t", pageSize);
        AssertWhole(pageSize);
        Assert.Equal("ok", Sqlite3.Run(_path, "PRAGMA integrity_check"));
        string copy = _folder.File("copy.db");
        Ours($"VACUUM INTO '{copy}'");
        File.Move(copy, _path, overwrite: true);
        AssertWhole(pageSize);
        Assert.Equal("ok", Sqlite3.Run(_path, "PRAGMA integrity_check"));
        Assert.Equal(["1"], Ours("PRAGMA checksum_verification"));
    }

    [Fact]
    public void A_changed_page_is_an_error_that_names_it_and_a_line_of_the_check()
    {
        Ours(Content);
        uint page = uint.Parse(Sqlite3.Run(_path, "SELECT rootpage FROM sqlite_schema WHERE name = 'i'"));
        ChangeByte(((page - 1) * 4096) + 4000);
        Assert.Equal(["1000"], Ours("SELECT count(*) FROM t NOT INDEXED"));
        string? error = TwinDatabases.OurError(_path, "SELECT count(*) FROM t INDEXED BY i WHERE b > ''");
        Assert.StartsWith($"{_path}: page {page}: its checksum is not right", error);
        Assert.Contains(Ours("PRAGMA integrity_check"), line => line.Contains($"page {page}: its checksum is not right", StringComparison.Ordinal));
        Assert.Contains(Ours("PRAGMA quick_check"), line => line.Contains($"page {page}: its checksum is not right", StringComparison.Ordinal));
    }

    [Fact]
    public void What_sqlite3_writes_is_read_unverified_until_its_checksums_are_renewed()
    {
        Ours(Content);
        Assert.Equal("ok", Sqlite3.Run(_path, "DELETE FROM t WHERE a % 5 = 0; UPDATE w SET v = 'sqlite3' WHERE v = 7; PRAGMA integrity_check"));
        Assert.NotEmpty(WrongPages(4096));
        using (Database database = Database.Open(_path, new DatabaseOptions()))
        {
            using Session session = database.Connect();
            Assert.Equal(["800"], TwinDatabases.Run(session, "SELECT count(*) FROM t"));
            Assert.True(
                SpinWait.SpinUntil(() => TwinDatabases.Run(session, "PRAGMA checksum_verification") is ["1"], TimeSpan.FromSeconds(30)),
                "the checksums are not renewed");
            Assert.Empty(WrongPages(4096));
            TwinDatabases.Run(session, "INSERT INTO t(b) VALUES ('ours')");
        }

        AssertWhole(4096);
        Assert.Equal(["1", "801", "sqlite3"], Ours("PRAGMA checksum_verification; SELECT count(*) FROM t; SELECT v FROM w WHERE v = 'sqlite3'"));
        Assert.Equal("ok", Sqlite3.Run(_path, "PRAGMA integrity_check"));
    }

    /// <summary>SQLite does not journal free pages: after a rollback it leaves there what it had written.</summary>
    [Fact]
    public void A_free_page_may_hold_anything()
    {
        Ours(Content);
        byte[] first = File.ReadAllBytes(_path)[..4096];
        uint trunk = BinaryPrimitives.ReadUInt32BigEndian(first.AsSpan(32));
        byte[] image = File.ReadAllBytes(_path).AsSpan((int)(trunk - 1) * 4096, 4096).ToArray();
        int leafs = BinaryPrimitives.ReadInt32BigEndian(image.AsSpan(4));
        Assert.True(leafs > 5);
        for (int i = 0; i < leafs; i++)
        {
            ChangeByte((BinaryPrimitives.ReadUInt32BigEndian(image.AsSpan(8 + (i * 4))) - 1) * 4096);
        }

        Assert.Equal(["ok", "1"], Ours("INSERT INTO t(b) SELECT hex(zeroblob(3000)) FROM t LIMIT 10; PRAGMA wal_checkpoint; PRAGMA integrity_check; PRAGMA checksum_verification").Skip(1));
        Assert.Equal("1010\nok", Sqlite3.Run(_path, "SELECT count(*) FROM t; PRAGMA integrity_check"));
    }

    [Fact]
    public void A_file_without_room_for_checksums_stays_as_it_is()
    {
        Sqlite3.Run(_path, "CREATE TABLE t(a); INSERT INTO t VALUES (1);");
        Assert.Equal(["0"], Ours("INSERT INTO t VALUES (2); PRAGMA checksum_verification"));
        byte[] bytes = File.ReadAllBytes(_path);
        Assert.Equal(0, bytes[20]);
        Assert.Equal(DatabaseHeader.WriterVersion, BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(96)));
        ChangeByte(8191);
        Assert.Equal(["2"], Ours("SELECT count(*) FROM t"));
    }

    private List<string> Ours(string sql, int pageSize = 4096)
    {
        using Database database = Database.Open(_path, new DatabaseOptions { Store = new Engine.Transactions.StoreOptions { PageSize = pageSize } });
        using Session session = database.Connect();
        return TwinDatabases.Run(session, sql);
    }

    private void AssertWhole(int pageSize)
    {
        byte[] bytes = File.ReadAllBytes(_path);
        Assert.Equal(8, bytes[20]);
        Assert.Equal("SLUI"u8, bytes.AsSpan(96, 4));
        Assert.Empty(WrongPages(pageSize));
    }

    private List<int> WrongPages(int pageSize)
    {
        byte[] bytes = File.ReadAllBytes(_path);
        return [.. Enumerable.Range(0, bytes.Length / pageSize).Where(i =>
            Described(bytes.AsSpan(i * pageSize, pageSize)) != BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(((i + 1) * pageSize) - 8)))];
    }

    private void ChangeByte(long offset)
    {
        using FileStream file = new(_path, FileMode.Open);
        file.Position = offset;
        int value = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(value ^ 0x10));
    }

    private static ulong Described(ReadOnlySpan<byte> page)
    {
        uint first = 0;
        uint second = 0;
        for (int at = 0; at < page.Length - 8; at += 8)
        {
            first += BinaryPrimitives.ReadUInt32LittleEndian(page[at..]) + second;
            second += BinaryPrimitives.ReadUInt32LittleEndian(page[(at + 4)..]) + first;
        }

        return ((ulong)second << 32) | first;
    }
}
