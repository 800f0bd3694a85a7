namespace Sluice.Gateway.Tests.Sql;

/// <summary>A dump is read by stock sqlite3, and by the shell, to the same schema and values.</summary>
public sealed class DumpTests : ShellRun
{
    private const string Fixture = """
        CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, v, name TEXT NOT NULL DEFAULT 'it''s', upper_name AS (upper(name)), stored AS (v + 1) STORED);
        CREATE TABLE "two words"("a b" TEXT COLLATE NOCASE, "order" REAL CHECK ("order" > 0), PRIMARY KEY ("a b")) WITHOUT ROWID;
        CREATE TABLE child(t_id INT REFERENCES t(id) ON DELETE CASCADE, x INT) STRICT;
        CREATE TABLE plain(a, b);
        INSERT INTO t(v, name) VALUES
          (0.1, 'line' || char(10) || 'two' || char(13, 10) || '\n \r "'), (9e999, ''), (-9e999, 'é中😀'), (x'', 'empty blob'), (x'00ff27', 'blob'), (NULL, 'null'),
          (-9223372036854775808, 'least'), (9223372036854775807, 'most'), (1.0, 'one'), (0.30000000000000004, 'sum'), (5e-324, 'tiny'), (1.7976931348623157e308, 'huge'),
          ('text', 'nul' || char(0) || 'within'), (CAST(x'ff41' AS TEXT), 'no UTF-8'), ('123', 'digits');
        DELETE FROM t WHERE name = 'digits';
        INSERT INTO "two words" VALUES ('x', 1.5), ('y', 2);
        INSERT INTO plain(rowid, a, b) VALUES (7, 1, 'one'), (99, 2, 'two');
        CREATE INDEX t_name ON t(name DESC) WHERE v IS NOT NULL;
        CREATE VIEW w AS SELECT id, v FROM t;
        CREATE TRIGGER added AFTER INSERT ON t BEGIN INSERT INTO plain VALUES(new.id, 'a; b'); END;
        ANALYZE;
        """;

    private const string Everything = """
        SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name;
        SELECT id, typeof(v), hex(CAST(v AS BLOB)), hex(name), hex(upper_name), quote(stored) FROM t ORDER BY id;
        SELECT *, typeof("order") FROM "two words" ORDER BY 1;
        SELECT a, b FROM plain ORDER BY 1;
        SELECT * FROM sqlite_sequence;
        SELECT v FROM t WHERE id IN (1, 10, 11, 12) ORDER BY v;
        SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY 1, 2;
        """;

    [Fact]
    public void Stock_sqlite3_reads_it_to_the_same()
    {
        Make();
        (int code, string dump, string errors) = Shell(".dump");
        Assert.Equal((0, ""), (code, errors));
        string copy = Path.Combine(Folder, "copy.db");
        Assert.Equal("", Sqlite3Script(copy, dump));
        Assert.Equal(Sqlite3(Database, Everything), Sqlite3(copy, Everything));
        Assert.Equal("14\n", Sqlite3(copy, "SELECT count(*) FROM t, t AS other WHERE t.id = other.id AND t.v IS other.v"));
        Assert.Equal("ok\n", Sqlite3(copy, "PRAGMA integrity_check"));
        Assert.Equal("1\n1\n", Sqlite3(copy, $"ATTACH '{Database}' AS o; SELECT count(*) = 14 FROM (SELECT id, v, name FROM t INTERSECT SELECT id, v, name FROM o.t); SELECT count(*) = 2 FROM plain"));
    }

    [Fact]
    public void The_shell_reads_sqlite3s_dump_and_its_own()
    {
        Make();
        // What sqlite3 dumps of a text with a NUL ends there; ours must not.
        string ours = Write("ours.sql", Shell(".dump").Output);
        string script = $".open --new {Folder}/ours.db\n.read {ours}\n";
        Assert.Equal((0, "", ""), Shell(script));
        Assert.Equal(Sqlite3(Database, Everything), Sqlite3(Path.Combine(Folder, "ours.db"), Everything));
        string theirs = Write("theirs.sql", Sqlite3(Database, ".dump"));
        Assert.Equal((0, "", ""), Shell($".open --new {Folder}/theirs.db\n.read {theirs}\n"));
        Assert.Equal(
            Sqlite3(Database, "SELECT count(*), sum(length(hex(v))) FROM t WHERE typeof(v) <> 'text'"),
            Sqlite3(Path.Combine(Folder, "theirs.db"), "SELECT count(*), sum(length(hex(v))) FROM t WHERE typeof(v) <> 'text'"));
    }

    [Fact]
    public void Parts_of_it_are_dumped_by_pattern()
    {
        Make();
        Assert.Equal("INSERT INTO plain VALUES(1,'one');\nINSERT INTO plain VALUES(2,'two');\n", Shell(".dump --data-only plain").Output);
        Assert.Equal("INSERT INTO plain(rowid,a,b) VALUES(7,1,'one');\nINSERT INTO plain(rowid,a,b) VALUES(99,2,'two');\n", Shell(".dump --data-only --preserve-rowids plain").Output);
        string dump = Shell(".dump two% child").Output;
        Assert.Contains("INSERT INTO \"two words\" VALUES('x',1.5);", dump);
        Assert.Contains("CREATE TABLE child", dump);
        Assert.DoesNotContain("plain", dump);
        (int code, _, string errors) = Shell(".dump --everything");
        Assert.Equal(1, code);
        Assert.Contains("--everything", errors);
    }

    [Fact]
    public void Insert_mode_reads_back_too()
    {
        Make();
        string statements = Shell(".mode insert copy\n.headers on\nSELECT id, v, name FROM t;").Output;
        Sqlite3Script(Database, "CREATE TABLE copy(id, v, name);\n" + statements);
        Assert.Equal("14\n", Sqlite3(Database, "SELECT count(*) FROM (SELECT id, v, hex(name) FROM t INTERSECT SELECT id, v, hex(name) FROM copy)"));
    }

    private void Make() => Sqlite3(Database, Fixture);
}
