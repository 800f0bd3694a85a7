using Sluice.Engine.Tests.Data;

namespace Sluice.Engine.Tests.Queries;

/// <summary>Answers that generated statements have shown to differ from SQLite's.</summary>
public sealed class SqliteAgreementTests
{
    private const string Tables = """
        CREATE TABLE v(id INTEGER PRIMARY KEY, a, d);
        INSERT INTO v VALUES(1, 1, 'a%b'), (2, 9e999, 'B'), (3, 3, '12');
        CREATE TABLE b(x);
        INSERT INTO b VALUES(9223372036854775807), (1);
        CREATE VIEW o AS SELECT (SELECT sum(x) FROM b) UNION VALUES(2);
        CREATE TABLE k(a INTEGER, b, PRIMARY KEY(a COLLATE NOCASE), UNIQUE(b)) WITHOUT ROWID;
        CREATE TABLE l(a INTEGER PRIMARY KEY DESC, b UNIQUE) WITHOUT ROWID;
        CREATE TABLE m(a INTEGER, b, PRIMARY KEY(a DESC), UNIQUE(b)) WITHOUT ROWID;
        INSERT INTO k VALUES('a', 1), ('A', 2);
        CREATE TABLE p(x INTEGER, c, wide TEXT);
        INSERT INTO p VALUES(16, NULL, printf('%0200d', 1)), (3, 'a', printf('%0200d', 2)), (NULL, x'61', printf('%0200d', 3));
        CREATE INDEX p_x ON p(x) WHERE x % 8;
        CREATE INDEX p_c ON p(c) WHERE c IS NOT NULL;
        """;

    [Theory]
    [InlineData("SELECT sum(a) OVER (ORDER BY id ROWS CURRENT ROW), sum(a) OVER (ORDER BY id ROWS CURRENT ROW EXCLUDE NO OTHERS) FROM v")]
    [InlineData("SELECT lag(d COLLATE NOCASE) OVER (ORDER BY id) AS c FROM v ORDER BY c")]
    [InlineData("SELECT max(d COLLATE NOCASE) AS c FROM v GROUP BY id ORDER BY c")]
    [InlineData("SELECT DISTINCT max(d COLLATE NOCASE) FROM (SELECT 1 AS id, 'a' AS d UNION ALL SELECT 2, 'A') GROUP BY id")]
    [InlineData("SELECT * FROM o WHERE NULL LIKE 'a%'")]
    [InlineData("SELECT json_valid(CAST(3254 AS BLOB)), json_valid(CAST(4294967296 AS BLOB)), json_valid(CAST('[1]' AS BLOB)), json_valid(jsonb('1.5')), json_valid(jsonb('[1]'), 4), json_valid(jsonb('[1]'), 8), json_valid(x'bb', 4)")]
    [InlineData("SELECT hex(jsonb_set('{}', '$.a', 'x')), hex(jsonb_insert('[]', '$[0]', 'x\"y')), hex(jsonb_set('{}', '$.a', json('\"q\"'))), json_set('{}', '$.a', 'x\"y')")]
    [InlineData("SELECT name, origin FROM pragma_index_list('k') UNION ALL SELECT name, origin FROM pragma_index_list('l') UNION ALL SELECT name, origin FROM pragma_index_list('m')")]
    [InlineData("SELECT name, coll, \"desc\" FROM pragma_index_xinfo('sqlite_autoindex_k_2') UNION ALL SELECT name, coll, \"desc\" FROM pragma_index_xinfo('sqlite_autoindex_m_2')")]
    [InlineData("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' ORDER BY name")]
    [InlineData("SELECT * FROM k")]
    [InlineData("SELECT x FROM p WHERE 8 % x")]
    [InlineData("SELECT x FROM p WHERE 8 / x")]
    [InlineData("SELECT c IS NULL FROM p WHERE c NOT LIKE x'61'")]
    [InlineData("SELECT c FROM p WHERE c LIKE 'A'")]
    public void The_answer_is_that_of_SQLite(string sql) =>
        Providers.Agree(connection => string.Join("; ", connection.Rows(sql)), Tables);
}
