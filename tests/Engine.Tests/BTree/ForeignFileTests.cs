using System.Globalization;
using System.Text;
using Sluice.Engine.BTree;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;
using Sluice.Engine.Tests.Files;
using Xunit.Abstractions;

namespace Sluice.Engine.Tests.BTree;

/// <summary>Files that stock sqlite3 made are read in full, row for row.</summary>
public class ForeignFileTests(ITestOutputHelper output)
{
    private static readonly KeyOrder ByText = new([new KeyColumn(Collation.Binary, false)], unique: false);
    private static readonly KeyOrder ByNumberThenText =
        new([new KeyColumn(Collation.Binary, true), new KeyColumn(Collation.NoCase, false)], unique: true);

    public static TheoryData<int, int> PageSizes()
    {
        TheoryData<int, int> data = [];
        for (int size = 512; size <= 65536; size *= 2)
        {
            data.Add(size, 0);
        }

        data.Add(512, 32);
        data.Add(4096, 255);
        return data;
    }

    [Theory]
    [MemberData(nameof(PageSizes))]
    public void Rows_and_keys_are_those_of_sqlite3(int pageSize, int reserved)
    {
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        using TemporaryFolder folder = new();
        string path = folder.File("f.db");
        Sqlite3.Run(path, Script(new Random(seed), pageSize, reserved));
        using Pager pager = Pager.Open(PosixFileSystem.Instance, path, new PagerOptions());
        using BaseSnapshot snapshot = pager.Pin();
        Assert.Equal(pageSize, snapshot.PageSize);
        Assert.Equal(pageSize - reserved, snapshot.UsableSize);
        Dictionary<string, uint> roots = SchemaRoots.Of(snapshot);
        Assert.Equal(
            Sqlite3.Run(path, "SELECT rowid, quote(i), quote(r), quote(s), quote(b) FROM t ORDER BY rowid"),
            Rows(new TableCursor(snapshot, roots["t"]), forward: true));
        Assert.Equal(
            Sqlite3.Run(path, "SELECT rowid, quote(i), quote(r), quote(s), quote(b) FROM t ORDER BY rowid DESC"),
            Rows(new TableCursor(snapshot, roots["t"]), forward: false));
        Assert.Equal(
            Sqlite3.Run(path, "SELECT quote(s), rowid FROM t ORDER BY s, rowid"),
            Keys(new IndexCursor(snapshot, roots["by_s"], ByText), forward: true));
        Assert.Equal(
            Sqlite3.Run(path, "SELECT quote(i), quote(s), rowid FROM t ORDER BY i, s COLLATE NOCASE DESC, rowid DESC"),
            Keys(new IndexCursor(snapshot, roots["by_is"], ByNumberThenText), forward: false));
        Assert.Empty(SchemaRoots.Check(snapshot, new() { ["by_s"] = ByText, ["by_is"] = ByNumberThenText }));
    }

    [Fact]
    public void An_auto_vacuum_database_is_read_but_not_written()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("v.db");
        Sqlite3.Run(path, "PRAGMA page_size=512; PRAGMA auto_vacuum=FULL; CREATE TABLE t(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000) INSERT INTO t SELECT i FROM n; DELETE FROM t WHERE a%3=0");
        using Pager pager = Pager.Open(PosixFileSystem.Instance, path, new PagerOptions());
        using BaseSnapshot snapshot = pager.Pin();
        Assert.Equal(1334, new TableCursor(snapshot, SchemaRoots.Of(snapshot)["t"]).Count());
        Assert.Empty(SchemaRoots.Check(snapshot));
        SluiceException error = Assert.Throws<SluiceException>(pager.BeginWrite);
        Assert.Equal(ResultCode.ReadOnly, error.Code);
        Assert.Contains("auto-vacuum database is not supported", error.Message);
    }

    [Theory]
    [InlineData("PRAGMA encoding='UTF-16le'; CREATE TABLE t(a);", "UTF-16le is not supported")]
    public void Databases_of_other_kinds_are_refused_by_name(string script, string message)
    {
        using TemporaryFolder folder = new();
        string path = folder.File("k.db");
        Sqlite3.Run(path, script);
        SluiceException error = Assert.Throws<SluiceException>(() => Pager.Open(PosixFileSystem.Instance, path, new PagerOptions()));
        Assert.Contains(message, error.Message);
        Assert.Contains(path, error.Message);
    }

    [Fact]
    public void A_database_in_WAL_mode_whose_log_is_gone_is_taken_out_of_it()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("w.db");
        Sqlite3.Run(path, "PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1), (2);");
        using (Pager pager = Pager.Open(PosixFileSystem.Instance, path, new PagerOptions()))
        using (BaseSnapshot snapshot = pager.Pin())
        {
            Assert.Equal(2, new TableCursor(snapshot, SchemaRoots.Of(snapshot)["t"]).Count());
        }

        Assert.Equal("delete", Sqlite3.Run(path, "PRAGMA journal_mode").Trim());
    }

    [Fact]
    public void A_database_in_WAL_mode_with_a_log_is_refused_with_what_to_do()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("w.db");
        Sqlite3.Run(path, "PRAGMA journal_mode=WAL; CREATE TABLE t(a);");
        File.WriteAllBytes(path + "-wal", [0]);
        SluiceException error = Assert.Throws<SluiceException>(() => Pager.Open(PosixFileSystem.Instance, path, new PagerOptions()));
        Assert.Contains("PRAGMA journal_mode=DELETE", error.Message);
    }

    /// <summary>Inserts, updates and deletes, so that pages are freed and overflow rows come and go.</summary>
    private static string Script(Random random, int pageSize, int reserved)
    {
        StringBuilder sql = new();
        sql.Append(CultureInfo.InvariantCulture, $".filectrl reserve_bytes {reserved}\nPRAGMA page_size={pageSize}; VACUUM; ");
        sql.Append("CREATE TABLE t(i, r REAL, s TEXT, b BLOB); CREATE INDEX by_s ON t(s); CREATE UNIQUE INDEX by_is ON t(i DESC, s COLLATE NOCASE);\nBEGIN;\n");
        for (int i = 0; i < 600; i++)
        {
            string text = Text(random, pageSize);
            string blob = random.Next(30) == 0 ? $"zeroblob({random.Next(pageSize * 3)})" : $"x'{i:x8}'";
            string value = random.Next(4) switch { 0 => "NULL", 1 => (random.NextInt64() >> random.Next(64)).ToString(CultureInfo.InvariantCulture), 2 => $"'x{i}'", _ => i.ToString(CultureInfo.InvariantCulture) };
            string rowid = random.Next(3) == 0 ? random.NextInt64(-1000, 1L << 40).ToString(CultureInfo.InvariantCulture) : "NULL";
            sql.Append(CultureInfo.InvariantCulture, $"INSERT OR IGNORE INTO t(rowid,i,r,s,b) VALUES({rowid},{value},{random.Next(1000)}.25,'{text}',{blob});\n");
        }

        sql.Append("DELETE FROM t WHERE abs(random()) % 3 = 0; UPDATE t SET s = s || 'more', b = zeroblob(length(b) / 2) WHERE abs(random()) % 4 = 0; COMMIT;");
        return sql.ToString();
    }

    private static string Text(Random random, int pageSize)
    {
        int length = random.Next(25) == 0 ? random.Next(Math.Min(pageSize * 2, 20000)) : random.Next(40);
        return string.Create(length, random, static (target, source) =>
        {
            foreach (ref char letter in target)
            {
                letter = "aAbBzZäé 09"[source.Next(11)];
            }
        });
    }

    private static string Rows(TableCursor cursor, bool forward)
    {
        StringBuilder text = new();
        RecordReader reader = default;
        for (bool any = forward ? cursor.MoveFirst() : cursor.MoveLast(); any; any = forward ? cursor.MoveNext() : cursor.MovePrevious())
        {
            reader.Reset(cursor.Record);
            text.Append(cursor.Rowid);
            for (int i = 0; i < 4; i++)
            {
                // Whole numbers in a REAL column are stored as integers.
                SqlValue value = reader.Get(i);
                text.Append('|').Append(Quote(i == 1 && value.Type == SqlType.Integer ? SqlValue.FromReal(value.Integer) : value));
            }

            text.Append('\n');
        }

        return text.ToString().TrimEnd();
    }

    private static string Keys(IndexCursor cursor, bool forward)
    {
        StringBuilder text = new();
        RecordReader reader = default;
        for (bool any = forward ? cursor.MoveFirst() : cursor.MoveLast(); any; any = forward ? cursor.MoveNext() : cursor.MovePrevious())
        {
            reader.Reset(cursor.Key);
            int columns = reader.ColumnCount - 1;
            for (int i = 0; i < columns; i++)
            {
                text.Append(Quote(reader.Get(i))).Append('|');
            }

            Assert.Equal(reader.Get(columns).Integer, cursor.Rowid);
            text.Append(cursor.Rowid).Append('\n');
        }

        return text.ToString().TrimEnd();
    }

    private static string Quote(in SqlValue value) => value.Type switch
    {
        SqlType.Null => "NULL",
        SqlType.Integer => value.Integer.ToString(CultureInfo.InvariantCulture),
        SqlType.Real => value.Real.ToString(CultureInfo.InvariantCulture),
        SqlType.Text => $"'{value.DecodeText()}'",
        _ => $"X'{Convert.ToHexString(value.Bytes)}'",
    };
}
