using Microsoft.Data.Sqlite;
using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Files;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Tests.Catalog;

/// <summary>What we make of a schema is compared with what SQLite's PRAGMAs say of the same file.</summary>
public sealed class SchemaLoaderTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"sluice-schema-{Guid.NewGuid():N}.db");

    public void Dispose() => File.Delete(_path);

    /// <summary>Runs statements by SQLite on the file and loads its schema by us.</summary>
    private Schema Load(params string[] statements)
    {
        using (SqliteConnection connection = Connect())
        {
            foreach (string sql in statements)
            {
                using SqliteCommand command = connection.CreateCommand();
                command.CommandText = sql;
                command.ExecuteNonQuery();
            }
        }

        using Pager pager = Pager.Open(PosixFileSystem.Instance, _path, new PagerOptions());
        using BaseSnapshot snapshot = pager.Pin();
        return SchemaLoader.Load(new TableCursor(snapshot, 1), snapshot.Header.SchemaCookie, _path, snapshot.Header.SchemaFormat);
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={_path};Pooling=False");
        connection.Open();
        return connection;
    }

    private List<string> Query(string sql)
    {
        using SqliteConnection connection = Connect();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "" : reader.GetString(i))));
        }

        return rows;
    }

    [Theory]
    [InlineData("CREATE TABLE t(a, b INTEGER PRIMARY KEY, c TEXT NOT NULL DEFAULT 'x''y', d REAL DEFAULT (1 + 2))")]
    [InlineData("CREATE TABLE t(a INTEGER PRIMARY KEY DESC, b UNIQUE)")]
    [InlineData("CREATE TABLE t(a INT PRIMARY KEY, b UNIQUE, c UNIQUE COLLATE nocase)")]
    [InlineData("CREATE TABLE t(a integer, b, PRIMARY KEY(a DESC), UNIQUE(b), UNIQUE(b, a), UNIQUE(a, b))")]
    [InlineData("CREATE TABLE t(a \"INTEGER\" PRIMARY KEY, b)")]
    [InlineData("CREATE TABLE t(a INTEGER(5) PRIMARY KEY, b)")]
    [InlineData("CREATE TABLE t(a, b, c, PRIMARY KEY(c, a), UNIQUE(c, a), UNIQUE(c COLLATE nocase, a), UNIQUE(a DESC, b ASC))")]
    [InlineData("CREATE TABLE t(a UNIQUE PRIMARY KEY, b UNIQUE UNIQUE, UNIQUE(a))")]
    [InlineData("CREATE TABLE t(a, b, UNIQUE(b) ON CONFLICT IGNORE, PRIMARY KEY(b), UNIQUE('a'))")]
    [InlineData("CREATE TABLE t(a, b, PRIMARY KEY(a, a, b))")]
    [InlineData("CREATE TABLE t(a INTEGER NOT NULL PRIMARY KEY ON CONFLICT REPLACE, b NULL NOT NULL, c DEFAULT -5, d DEFAULT +1.5e3, e DEFAULT word)")]
    [InlineData("CREATE TABLE [odd name](\"a b\" [my type], `c` long varchar ( 10 , 2 ), d 'str', e GENERATED, f \"x\" y, g 'q' (1), h 'iT', i [Text])")]
    [InlineData("CREATE TABLE t(a INTEGER, b INT PRIMARY KEY, c TEXT, d ANY, e BLOB) STRICT")]
    [InlineData("CREATE TABLE t(a DEFAULT ( 'x' || 1 ), b DEFAULT CURRENT_TIMESTAMP, c DEFAULT TRUE, d DEFAULT NULL, e DEFAULT x'ff', f DEFAULT \"q\")")]
    [InlineData("CREATE TABLE t(a REFERENCES p, b INTEGER REFERENCES q(x) ON DELETE CASCADE, FOREIGN KEY (a, b) REFERENCES r)")]
    [InlineData("CREATE TABLE t(a) -- a comment\n", "CREATE INDEX i1 ON t(a)", "CREATE UNIQUE INDEX i2 ON t(a COLLATE rtrim DESC)", "ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'later'", "CREATE INDEX i3 ON t(b, a DESC, 'b')")]
    [InlineData("CREATE TABLE t AS SELECT 1 AS a, 'x' AS b, 2.5 AS \"c d\"")]
    [InlineData("CREATE TABLE t(a, b)", "ALTER TABLE t RENAME TO u", "CREATE INDEX i ON u(b)", "ALTER TABLE u RENAME COLUMN b TO \"b b\"")]
    public void TablesAndIndexesAreWhatSqliteSays(params string[] statements)
    {
        Schema schema = Load(statements);
        Table table = Assert.Single(schema.Tables, table => table.Name != "sqlite_master");
        string quoted = $"'{table.Name.Replace("'", "''")}'";

        // A STRICT table's key is NOT NULL, as enforced; PRAGMA table_info says so too.
        Assert.Equal(
            Query($"SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info({quoted})"),
            table.Columns.Select(column => $"{column.Name}|{column.DeclaredType}|{(column.NotNull ? 1 : 0)}|{column.Default?.Text}|{column.PrimaryKeyOrdinal}"));
        Assert.Equal(
            Query($"SELECT name, \"unique\", origin FROM pragma_index_list({quoted}) ORDER BY name"),
            table.Indexes.OrderBy(index => index.Name, StringComparer.Ordinal).Select(index => $"{index.Name}|{(index.Unique ? 1 : 0)}|{(index.Origin == 'p' ? "pk" : index.Origin)}"));
        foreach (TableIndex index in table.Indexes)
        {
            Assert.Equal(
                Query($"SELECT cid, name, desc, coll FROM pragma_index_xinfo('{index.Name}') WHERE key"),
                index.Columns.Select((ordinal, i) =>
                    $"{ordinal}|{table.Columns[ordinal].Name}|{(index.Order.Columns[i].Descending ? 1 : 0)}|{index.Order.Columns[i].Collation.Name}"),
                StringComparer.OrdinalIgnoreCase);
            Assert.Equal(Query($"SELECT rootpage, ifnull(sql, '') FROM sqlite_schema WHERE name = '{index.Name}'"), [$"{index.RootPage}|{index.Sql}"]);
        }

        Assert.Equal(Query("SELECT rootpage FROM sqlite_schema WHERE type = 'table'"), [$"{table.RootPage}"]);
        Assert.Equal(Query("SELECT cast(schema_version AS TEXT) FROM pragma_schema_version"), [$"{schema.Cookie}"]);
        Assert.Equal(
            Query($"SELECT DISTINCT id FROM pragma_foreign_key_list({quoted})").Count,
            table.ForeignKeys.Count);
        table.DemandWritable();
    }

    /// <summary>Whether a column is the rowid shows in a row that gives it a text.</summary>
    [Theory]
    [InlineData("a INTEGER PRIMARY KEY", true)]
    [InlineData("a INTEGER PRIMARY KEY ASC", true)]
    [InlineData("a INTEGER PRIMARY KEY DESC", false)]
    [InlineData("a integer, PRIMARY KEY(a DESC)", true)]
    [InlineData("a INTEGER, PRIMARY KEY('A' COLLATE nocase)", true)]
    [InlineData("a INT PRIMARY KEY", false)]
    [InlineData("a \"INTEGER\" PRIMARY KEY", true)]
    [InlineData("a 'INTEGER' x PRIMARY KEY", false)]
    [InlineData("a INTEGER x PRIMARY KEY", false)]
    [InlineData("a INTEGER UNIQUE", false)]
    [InlineData("a INTEGER, b, PRIMARY KEY(a, b)", false)]
    [InlineData("a INTEGER GENERATED ALWAYS PRIMARY KEY", true)]
    public void OnlyAnIntegerPrimaryKeyIsTheRowid(string columns, bool isAlias)
    {
        Schema schema = Load($"CREATE TABLE t({columns})", "INSERT INTO t(rowid) VALUES (17)");
        Assert.Equal(isAlias ? "17" : "", Assert.Single(Query("SELECT a FROM t")));
        Assert.True(schema.TryGetTable("T", out Table? table));
        Assert.Equal(isAlias ? 0 : -1, table.RowidAlias);
    }

    [Theory]
    [InlineData("INT", "FLOATING POINT", "CHARINT", "STRING", "DECIMAL(10,5)", "TEXTBLOB", "BLOBREAL", "XREALX", "DOUBLE", "DATE", "clob", "BOOLEAN")]
    public void ColumnsHaveSqlitesAffinity(params string[] types)
    {
        string columns = string.Join(", ", types.Select((type, i) => $"c{i} {type}").Append("bare"));
        Schema schema = Load($"CREATE TABLE t({columns})", $"INSERT INTO t VALUES ({string.Join(", ", types.Select(_ => "'1'").Append("'1'"))})");
        Assert.True(schema.TryGetTable("t", out Table? table));
        string stored = Assert.Single(Query($"SELECT {string.Join(", ", table.Columns.Select(column => $"typeof({column.Name})"))} FROM t"));
        Assert.Equal(stored, string.Join('|', table.Columns.Select(column => column.Affinity switch
        {
            Execute.Affinity.Integer or Execute.Affinity.Numeric => "integer",
            Execute.Affinity.Real => "real",
            _ => "text",
        })));
    }

    [Fact]
    public void WhatIsNotSupportedStopsOnlyItsOwnTable()
    {
        Schema schema = Load(
            "CREATE TABLE plain(a, b)",
            "CREATE TABLE norowid(a PRIMARY KEY, b UNIQUE) WITHOUT ROWID",
            "CREATE INDEX norowid_b ON norowid(b)",
            "CREATE TABLE generated(a, b AS (a + 1))",
            "CREATE VIRTUAL TABLE fts USING fts5(x)",
            "CREATE TABLE auto(a INTEGER PRIMARY KEY AUTOINCREMENT)",
            "CREATE TABLE triggered(a)",
            "CREATE TRIGGER r AFTER INSERT ON triggered BEGIN DELETE FROM plain; END",
            "CREATE TABLE onexpression(a, b)",
            "CREATE INDEX ie ON onexpression(a + b)",
            "CREATE INDEX ib ON onexpression(b)",
            "CREATE TABLE partial(a)",
            "CREATE INDEX ip ON partial(a) WHERE a > 1",
            "CREATE VIEW v(x) AS SELECT a FROM plain",
            "CREATE TRIGGER rv INSTEAD OF INSERT ON v BEGIN SELECT 1; END",
            "ANALYZE");

        Table Find(string name) => schema.TryGetTable(name, out Table? table) ? table : throw new InvalidOperationException(name);
        string Refusal(Action<Table> demand, string name) => Assert.Throws<SluiceException>(() => demand(Find(name))).Message;

        Find("plain").DemandWritable();
        Find("norowid").DemandWritable();
        Assert.Equal([0], Find("norowid").KeyColumns!);
        Assert.Equal("table fts cannot be used: virtual tables are not supported (module fts5)", Refusal(table => table.DemandWritable(), "fts"));
        foreach (string name in (string[])["generated", "auto", "triggered", "onexpression", "partial"])
        {
            Find(name).DemandWritable();
        }

        Assert.True(Find("generated").Columns[1].IsVirtual);
        Assert.Equal([0, -1], Find("generated").Positions.ToArray());
        Assert.True(Find("auto").IsAutoincrement);
        Assert.Equal("r", Assert.Single(schema.TriggersOf("TRIGGERED")).Name);
        Assert.Equal([TableIndex.ExpressionColumn], Find("onexpression").Indexes[0].Columns);
        Assert.NotNull(Assert.Single(Find("partial").Indexes).Where);
        Assert.Equal("table sqlite_master may not be modified", Refusal(table => table.DemandWritable(), "sqlite_schema"));
        Assert.Equal(["ie", "ib"], Find("onexpression").Indexes.Select(index => index.Name));
        Assert.True(schema.TryGetIndex("norowid_b", out TableIndex? secondary));
        Assert.Equal([0], secondary.Suffix);
        Assert.True(schema.TryGetIndex("sqlite_autoindex_norowid_2", out _));
        Assert.True(schema.TryGetTrigger("RV", out Trigger? trigger) && trigger.TableName == "v");
        Assert.True(schema.TryGetView("V", out View? view));
        Assert.Equal(["x"], view.Definition.Columns!);
        Assert.Equal(Query("SELECT count(*) FROM sqlite_schema WHERE type = 'table'"), [$"{schema.Tables.Count - 1}"]);
    }

    [Fact]
    public void TheSchemaTableIsATableOfTwoNames()
    {
        Schema schema = Load("CREATE TABLE t(a)");
        Assert.True(schema.TryGetTable("SQLITE_SCHEMA", out Table? one));
        Assert.True(schema.TryGetTable("sqlite_master", out Table? other));
        Assert.Same(one, other);
        Assert.Equal(1u, one.RootPage);
        Assert.Equal(["type", "name", "tbl_name", "rootpage", "sql"], one.Columns.Select(column => column.Name));
        one.DemandReadable();
    }

    [Fact]
    public void BelowSchemaFormatFourDescMeansNothing()
    {
        Schema schema = Load("CREATE TABLE t(a, b, UNIQUE(b DESC))", "CREATE INDEX i ON t(a DESC)");
        Assert.All(schema.Indexes, index => Assert.True(index.Order.Columns[0].Descending));
        using Pager pager = Pager.Open(PosixFileSystem.Instance, _path, new PagerOptions());
        using BaseSnapshot snapshot = pager.Pin();
        schema = SchemaLoader.Load(new TableCursor(snapshot, 1), 1, _path, schemaFormat: 1);
        Assert.All(schema.Indexes, index => Assert.False(index.Order.Columns[0].Descending));
    }

    [Theory]
    [InlineData("UPDATE sqlite_schema SET sql = 'CREATE TABLE t(a,' WHERE name = 't'", "malformed database schema (t) - incomplete input")]
    [InlineData("UPDATE sqlite_schema SET sql = 'CREATE TABLE t(a, A)' WHERE name = 't'", "malformed database schema (t) - duplicate column name: A")]
    [InlineData("UPDATE sqlite_schema SET sql = 'SELECT 1' WHERE name = 't'", "malformed database schema (t) - the text does not make a table")]
    [InlineData("UPDATE sqlite_schema SET sql = NULL WHERE name = 'i'", "malformed database schema (i) - orphan index")]
    [InlineData("UPDATE sqlite_schema SET tbl_name = 'x' WHERE name = 'i'", "malformed database schema (i) - no such table: x")]
    [InlineData("UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t(zz)' WHERE name = 'i'", "malformed database schema (i) - no such column: zz")]
    [InlineData("UPDATE sqlite_schema SET rootpage = 1 WHERE name = 't'", "malformed database schema (t) - invalid rootpage")]
    [InlineData("UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 't') WHERE name = 'i'", "malformed database schema (i) - invalid rootpage")]
    [InlineData("UPDATE sqlite_schema SET type = 'thing' WHERE name = 't'", "malformed database schema (t) - unknown type thing")]
    [InlineData("INSERT INTO sqlite_schema SELECT type, 'T', tbl_name, 99, sql FROM sqlite_schema WHERE name = 't'", "malformed database schema (T) - there is another table or view named T")]
    [InlineData("UPDATE sqlite_schema SET name = NULL WHERE name = 't'", "record: not a row of sqlite_schema")]
    public void AMalformedSchemaIsNamed(string damage, string message)
    {
        var error = Assert.Throws<CorruptFileException>(() => Load(
            "CREATE TABLE t(a)", "CREATE INDEX i ON t(a)", "PRAGMA writable_schema = 1; " + damage));
        Assert.StartsWith($"{_path}: sqlite_schema row ", error.Message);
        Assert.EndsWith(message, error.Message);
    }
}
