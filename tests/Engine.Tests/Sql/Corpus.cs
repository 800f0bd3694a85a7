namespace Sluice.Engine.Tests.Sql;

/// <summary>Statements over <see cref="Schema"/>, right and wrong, one a line.</summary>
internal static class Corpus
{
    public const string Schema = """
        CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);
        CREATE TABLE u(a, b, x UNIQUE, y);
        CREATE INDEX tb ON t(b);
        CREATE VIEW v AS SELECT a, b FROM t;
        """;

    public static IEnumerable<string> Lines => Text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

    private const string Text = """
        SELECT 1
        SELECT 1;
        ; ; SELECT 1 ;
        select
        select 1 from
        SELECT *
        SELECT * FROM t
        SELECT t.*, u.a AS x, u.b y, u.x 'z', u.y "w" FROM t, u
        SELECT ALL a FROM t
        SELECT DISTINCT a, b FROM t WHERE a > 1 AND b LIKE 'x%' GROUP BY a, b HAVING count(*) > 1 ORDER BY 1 DESC, 2 LIMIT 5 OFFSET 2
        SELECT a FROM t LIMIT 1, 2
        SELECT a FROM t LIMIT
        SELECT a FROM t ORDER BY a NULLS FIRST, b DESC NULLS LAST
        SELECT a FROM t ORDER BY a NULLS
        SELECT a FROM t NULLS
        SELECT a FROM t offset
        SELECT a end FROM t key
        SELECT a FROM t AS end
        SELECT a FROM t left
        SELECT a FROM t cross
        SELECT a FROM t LEFT JOIN u ON t.a = u.a
        SELECT t.a FROM t LEFT OUTER JOIN u USING (a, b)
        SELECT t.a FROM t NATURAL LEFT JOIN u
        SELECT t.a FROM t NATURAL JOIN u
        SELECT t.a FROM t LEFT NATURAL OUTER JOIN u
        SELECT t.a FROM t FULL JOIN u ON 1 RIGHT JOIN t t3 ON 2
        SELECT t.a FROM t CROSS JOIN u INNER JOIN t AS z
        SELECT t.a FROM t INNER OUTER JOIN u
        SELECT t.a FROM t OUTER JOIN u
        SELECT t.a FROM t LEFT INNER JOIN u
        SELECT t.a FROM t LEFT foo JOIN u
        SELECT t.a FROM t LEFT foo bar JOIN u
        SELECT t.a FROM t LEFT foo bar baz JOIN u
        SELECT t.a FROM t LEFT u
        SELECT t.a FROM t ON 1
        SELECT t.a FROM t USING (a)
        SELECT t.a FROM t, u ON t.a = u.a
        SELECT t.a FROM (t JOIN u ON t.a = u.a)
        SELECT a FROM (t)
        SELECT a FROM (t) AS q
        SELECT 1 FROM (t, u) AS q
        SELECT 1 FROM ((SELECT 1) JOIN (t)) JOIN u
        SELECT * FROM (SELECT 1 AS one) JOIN (VALUES (1, 2), (3, 4)) AS vals
        SELECT * FROM ()
        SELECT * FROM t INDEXED BY tb WHERE b = 1
        SELECT * FROM t NOT INDEXED
        SELECT * FROM t AS z NOT INDEXED
        SELECT * FROM t NOT z
        SELECT * FROM main.t
        SELECT * FROM main.t.a
        SELECT main.t.a FROM t
        SELECT main.t.* FROM t
        SELECT * FROM json_each('[1]')
        SELECT * FROM json_each('[1]') AS j, pragma_table_info('t')
        SELECT 1 UNION SELECT 2 UNION ALL SELECT 3 EXCEPT SELECT 4 INTERSECT SELECT 5 ORDER BY 1 LIMIT 1
        SELECT 1 ORDER BY 1 UNION SELECT 2
        SELECT 1 LIMIT 1 UNION ALL SELECT 2
        SELECT 1 UNION ORDER BY 1
        VALUES (1, 2), (3, 4)
        VALUES (1, 2), (3)
        VALUES (1) ORDER BY 1
        VALUES (1) UNION SELECT 2 ORDER BY 1
        SELECT 1 UNION VALUES (2) ORDER BY 1
        VALUES ()
        WITH x AS (SELECT 1) SELECT * FROM x
        WITH x(p, q) AS MATERIALIZED (SELECT 1, 2), y AS NOT MATERIALIZED (SELECT 3) SELECT * FROM x, y
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n
        WITH recursive AS (SELECT 1) SELECT 1
        WITH x AS SELECT 1
        WITH x AS () SELECT 1
        WITH x(a COLLATE nocase) AS (SELECT 1) SELECT 1
        WITH x AS (SELECT 1) INSERT INTO t(a) SELECT * FROM x
        WITH x AS (SELECT 1) UPDATE t SET a = (SELECT * FROM x)
        WITH x AS (SELECT 1) DELETE FROM t WHERE a IN x
        WITH x AS (SELECT 1) CREATE TABLE z(a)
        SELECT (WITH x AS (SELECT 1) SELECT * FROM x)
        SELECT sum(a) OVER () FROM t
        SELECT sum(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM t
        SELECT sum(a) OVER w, rank() OVER (w ORDER BY a) FROM t WINDOW w AS (PARTITION BY b), w2 AS (w)
        SELECT sum(a) OVER (RANGE UNBOUNDED PRECEDING EXCLUDE NO OTHERS) FROM t
        SELECT sum(a) OVER (ORDER BY a GROUPS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE GROUP) FROM t
        SELECT sum(a) OVER (ORDER BY a ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) FROM t
        SELECT sum(a) OVER (ORDER BY a ROWS 1 FOLLOWING) FROM t
        SELECT sum(a) OVER (ORDER BY a ROWS UNBOUNDED FOLLOWING) FROM t
        SELECT sum(a) OVER (ORDER BY a ROWS BETWEEN 1 AND 2) FROM t
        SELECT sum(a) FILTER (WHERE a > 1) OVER (partition) FROM t
        SELECT sum(a) FILTER (a > 1) FROM t
        SELECT sum(a) over FROM t
        SELECT over, filter, window FROM (SELECT 1 AS over, 2 AS filter, 3 AS window)
        SELECT a window FROM t
        SELECT 1 FROM t window
        SELECT 1 FROM t AS window WINDOW window AS (ORDER BY 1)
        SELECT count(*) FROM t
        SELECT count(DISTINCT a), group_concat(ALL b, ','), group_concat(b ORDER BY a) FROM t
        SELECT count(* FROM t
        SELECT count(a,) FROM t
        SELECT abs(
        SELECT 'abs'(1)
        SELECT "abs"(1)
        SELECT [abs](-1), `abs`(-2)
        SELECT replace('a', 'b', 'c'), like('a', 'b'), glob('a', 'b'), if(1, 2, 3)
        SELECT cast FROM t
        SELECT cast(1 AS INTEGER), CAST(2 AS VARCHAR(10)), CAST(3 AS DECIMAL(10, 2)), CAST(4 AS "my type" x)
        SELECT cast(1 AS), cast(1 AS DECIMAL(1, 2, 3))
        SELECT cast(1 AS DECIMAL(a))
        SELECT CASE END
        SELECT CASE a WHEN 1 THEN 2 END FROM t
        SELECT CASE WHEN 1 THEN 2 ELSE 3 END
        SELECT CASE WHEN 1 END
        SELECT CASE WHEN 1 THEN 2 ELSE END
        SELECT 1 IN (1, 2), 1 NOT IN (SELECT a FROM t), 1 IN t, 1 IN main.t, 1 IN ()
        SELECT 1 IN json_each('[1]')
        SELECT 1 NOT 2
        SELECT 1 IS 2, 1 IS NOT 2, 1 IS NULL, 1 IS NOT NULL, 1 IS DISTINCT FROM 2, 1 IS NOT DISTINCT FROM 2
        SELECT 1 IS DISTINCT 2
        SELECT 1 BETWEEN 2
        SELECT 1 BETWEEN 2 AND
        SELECT 'a' LIKE 'b' ESCAPE 'c', 'a' NOT LIKE 'b', 'a' GLOB 'b', 'a' NOT GLOB 'b'
        SELECT 'a' LIKE
        SELECT 1 ESCAPE 2
        SELECT EXISTS (SELECT 1), NOT EXISTS (SELECT 1)
        SELECT EXISTS 1
        SELECT EXISTS (1)
        SELECT a COLLATE nocase, b COLLATE "rtrim" FROM t
        SELECT a COLLATE 1 FROM t
        SELECT (1, 2) = (3, 4)
        SELECT ()
        SELECT (1,)
        SELECT 1 +
        SELECT + 1, - 1, ~ 1, NOT 1, - - 1, -+~1
        SELECT * + 1
        SELECT 1 == 2, 1 <> 2, 1 != 2, 1 ! 2
        SELECT 1 << 2, 1 >> 2, 1 & 2, 1 | 2, 1 || 2, 1 % 2
        SELECT '{"a":1}' -> 'a', '{"a":1}' ->> '$.a'
        SELECT 1e5, 1.5e-3, .5, 5., 0x1F, 1_000, 1_0.0_1
        SELECT 1e
        SELECT 1_
        SELECT 1__0
        SELECT _1
        SELECT 0x
        SELECT 0xg
        SELECT 123abc
        SELECT 0x10000000000000000
        SELECT -0x8000000000000000
        SELECT 1.2.3
        SELECT x'0102', X'', x'012', x'zz'
        SELECT 'unterminated
        SELECT "unterminated
        SELECT [unterminated
        SELECT 1 @ 2
        SELECT @
        SELECT #1
        SELECT #a
        SELECT ?, ?1, ?5, :a, @a, $a, $a::b, $a(x)
        SELECT ?0
        SELECT ?32767
        SELECT ?99999999999
        SELECT $a(x
        SELECT :
        SELECT 1 -- comment
        SELECT 1 /* comment */ + /* another */ 2
        SELECT 1 /* unterminated
        SELECT /*/ 1
        SELECT a.b.c.d FROM t
        SELECT true, false, null, current_time, current_date, current_timestamp
        SELECT current_time()
        SELECT indexed FROM t
        SELECT 1 AS indexed
        SELECT 1 indexed
        SELECT 1 AS cross
        SELECT raise(IGNORE)
        SELECT raise(ABORT, 'x')
        SELECT raise(FOO, 'x')
        SELECT 1 2
        SELECT 1, FROM t
        SELECT FROM t
        FROM t
        foo
        INSERT INTO t VALUES (1, 2, 3)
        INSERT INTO t(a, b) VALUES (1, 2), (3, 4)
        INSERT INTO t(a, b) VALUES (1, 2), (3)
        INSERT INTO main.t AS z (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = z.b || excluded.b WHERE z.a > 1
        INSERT INTO t z (a) VALUES (1)
        INSERT INTO t(a) VALUES (1) ON CONFLICT DO NOTHING
        INSERT INTO t(a) VALUES (1) ON CONFLICT DO NOTHING ON CONFLICT DO NOTHING
        INSERT INTO t(a) VALUES (1) ON CONFLICT (a) DO NOTHING ON CONFLICT DO NOTHING
        INSERT INTO u(x) VALUES (1) ON CONFLICT (x) WHERE 1 DO UPDATE SET (a, b) = (1, 2), y = 3 RETURNING *
        INSERT INTO t(a) VALUES (1) ON CONFLICT (a) DO
        INSERT INTO t(a) VALUES (1) ON CONFLICT (a) DO UPDATE
        INSERT INTO t(a) SELECT a FROM u ON CONFLICT (a) DO NOTHING
        INSERT INTO t(a) SELECT a FROM u WHERE true ON CONFLICT (a) DO NOTHING
        INSERT INTO t DEFAULT VALUES
        INSERT INTO t DEFAULT VALUES RETURNING a, b AS bb
        INSERT INTO t(a) DEFAULT VALUES
        INSERT INTO t() VALUES ()
        INSERT OR REPLACE INTO t VALUES (1, 2, 3)
        INSERT OR IGNORE INTO t VALUES (1, 2, 3)
        INSERT OR FOO INTO t VALUES (1, 2, 3)
        REPLACE INTO t VALUES (1, 2, 3) RETURNING a
        INSERT t VALUES (1)
        INSERT INTO t
        INSERT INTO t VALUES
        INSERT INTO t VALUES (1, 2, 3
        UPDATE t SET b = 1
        UPDATE OR IGNORE t AS z SET b = 1, (c) = (2) WHERE z.a = 3
        UPDATE t z SET b = 1
        UPDATE t SET (b, c) = (SELECT 1, 2) FROM u WHERE u.a = t.a RETURNING t.a, b
        UPDATE t INDEXED BY tb SET b = 1 WHERE b = 2
        UPDATE t SET
        UPDATE t SET b
        UPDATE t SET b == 1
        UPDATE t SET t.b = 1
        DELETE FROM t
        DELETE FROM main.t AS z WHERE z.a = 1 RETURNING *
        DELETE t
        DELETE FROM t WHERE
        CREATE TABLE z(a)
        CREATE TABLE z
        CREATE TABLE z()
        CREATE TABLE z(a,)
        CREATE TABLE z(a INTEGER PRIMARY KEY AUTOINCREMENT, b VARCHAR(10) NOT NULL DEFAULT 'x', c DECIMAL(10,2) UNIQUE ON CONFLICT IGNORE)
        CREATE TABLE IF NOT EXISTS main.z(a INT PRIMARY KEY DESC ON CONFLICT REPLACE, b CHECK (b > 0) COLLATE nocase)
        CREATE TABLE IF EXISTS z(a)
        CREATE TEMP TABLE z(a)
        CREATE TEMPORARY TABLE z(a)
        CREATE TABLE z(a DEFAULT 1, b DEFAULT -1, c DEFAULT +1.5, d DEFAULT (1 + 2), e DEFAULT abc, f DEFAULT NULL, g DEFAULT true, h DEFAULT CURRENT_TIMESTAMP)
        CREATE TABLE z(a DEFAULT - 'x', b DEFAULT x'01')
        CREATE TABLE z(a DEFAULT -abc)
        CREATE TABLE z(a DEFAULT ())
        CREATE TABLE z(a DEFAULT 1 + 2)
        CREATE TABLE z(a, b, PRIMARY KEY (a, b DESC), UNIQUE (b COLLATE nocase) ON CONFLICT ABORT, CHECK (a > b), CONSTRAINT fk FOREIGN KEY (a) REFERENCES t(a) ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED)
        CREATE TABLE z(a, b, PRIMARY KEY (a) UNIQUE (b) CONSTRAINT c CHECK (a))
        CREATE TABLE z(a, PRIMARY KEY (a), b)
        CREATE TABLE z(a, CONSTRAINT x)
        CREATE TABLE z(a CONSTRAINT x)
        CREATE TABLE z(a CONSTRAINT x NOT NULL CONSTRAINT y NULL)
        CREATE TABLE z(a REFERENCES t ON DELETE NO ACTION MATCH FULL NOT DEFERRABLE INITIALLY IMMEDIATE)
        CREATE TABLE z(a REFERENCES t ON INSERT RESTRICT ON UPDATE SET DEFAULT)
        CREATE TABLE z(a REFERENCES t ON FOO)
        CREATE TABLE z(a REFERENCES t ON DELETE FOO)
        CREATE TABLE z(a GENERATED ALWAYS AS (1) STORED, b)
        CREATE TABLE z(a, b INT GENERATED ALWAYS AS (a) VIRTUAL, c AS (b))
        CREATE TABLE z(a, b INT GENERATED AS (a))
        CREATE TABLE z(a INT GENERATED ALWAYS NOT NULL)
        CREATE TABLE z(a PRIMARY KEY, b) WITHOUT ROWID
        CREATE TABLE z(a INTEGER) STRICT
        CREATE TABLE z(a INTEGER PRIMARY KEY) STRICT, WITHOUT ROWID
        CREATE TABLE z(a) WITHOUT foo
        CREATE TABLE z(a) foo
        CREATE TABLE z(a) STRICT STRICT
        CREATE TABLE z AS SELECT 1 AS a
        CREATE TABLE z AS 1
        CREATE TABLE z(a) AS SELECT 1
        CREATE TABLE "z z"('a', [b], `c`, "d" "my type", e 'str type' (1), key, left, indexed)
        CREATE TABLE z(a long type name with words, b unsigned big int)
        CREATE TABLE select(a)
        CREATE TABLE z(select)
        CREATE TABLE z(a INT(5) (6))
        CREATE INDEX i ON t(b)
        CREATE UNIQUE INDEX IF NOT EXISTS main.i ON t(b COLLATE nocase DESC, c ASC) WHERE c IS NOT NULL
        CREATE INDEX i ON t(b + 1, lower(b))
        CREATE INDEX i ON t('b', "c")
        CREATE INDEX i ON t(b NULLS FIRST)
        CREATE INDEX i ON t(b DESC NULLS LAST)
        CREATE INDEX i ON main.t(b)
        CREATE INDEX i ON t()
        CREATE INDEX i ON t
        CREATE TEMP INDEX i ON t(b)
        CREATE VIEW w AS SELECT 1
        CREATE TEMP VIEW IF NOT EXISTS w(p, q) AS SELECT a, b FROM t
        CREATE VIEW w AS SELECT ?
        CREATE VIEW w AS
        CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END
        CREATE TRIGGER IF NOT EXISTS r BEFORE UPDATE OF a, b ON t FOR EACH ROW WHEN new.a > 1 BEGIN UPDATE t SET b = new.b WHERE a = old.a; DELETE FROM u WHERE a = 1; INSERT INTO u(a) VALUES (new.a); REPLACE INTO u(a) SELECT 1; END
        CREATE TRIGGER r INSTEAD OF DELETE ON v BEGIN WITH x AS (SELECT 1) SELECT * FROM x; END
        CREATE TRIGGER r DELETE ON t BEGIN SELECT raise(ABORT, 'no'); END
        CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1 END
        CREATE TRIGGER r AFTER INSERT ON t BEGIN END
        CREATE TRIGGER r AFTER INSERT ON t BEGIN CREATE TABLE z(a); END
        CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO main.u(a) VALUES (1); END
        CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t INDEXED BY tb SET b = 1; END
        CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM t NOT INDEXED; END
        CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO t DEFAULT VALUES; END
        CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO t(a) VALUES (1) RETURNING a; END
        CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT ?; END
        CREATE TRIGGER r AFTER TRUNCATE ON t BEGIN SELECT 1; END
        CREATE VIRTUAL TABLE f USING fts5(a, b, tokenize = 'porter ascii', prefix='2 3')
        CREATE VIRTUAL TABLE f USING fts5
        CREATE VIRTUAL TABLE f
        CREATE FOO z
        CREATE
        CREATE UNIQUE TABLE z(a)
        DROP TABLE t
        DROP TABLE IF EXISTS nosuch
        DROP TABLE IF NOT EXISTS t
        DROP INDEX main.tb
        DROP VIEW v
        DROP TRIGGER IF EXISTS r
        DROP t
        DROP TABLE
        ALTER TABLE t RENAME TO t2
        ALTER TABLE main.t RENAME b TO bb
        ALTER TABLE t RENAME COLUMN b TO bb
        ALTER TABLE t RENAME COLUMN TO x
        ALTER TABLE t ADD d
        ALTER TABLE t ADD COLUMN d INTEGER DEFAULT 5 NOT NULL
        ALTER TABLE t DROP COLUMN c
        ALTER TABLE t DROP c
        ALTER TABLE t FOO
        ALTER t ADD d
        BEGIN
        BEGIN TRANSACTION
        BEGIN DEFERRED
        BEGIN IMMEDIATE TRANSACTION foo
        BEGIN EXCLUSIVE
        BEGIN foo
        BEGIN IMMEDIATE foo
        COMMIT
        COMMIT TRANSACTION x
        END
        END TRANSACTION
        ROLLBACK
        ROLLBACK TRANSACTION TO SAVEPOINT s
        ROLLBACK TO s
        ROLLBACK s
        SAVEPOINT s
        SAVEPOINT
        SAVEPOINT 's p'
        RELEASE s
        RELEASE SAVEPOINT s
        PRAGMA user_version
        PRAGMA main.user_version = 5
        PRAGMA user_version(-5)
        PRAGMA user_version = +1.5
        PRAGMA foreign_keys = ON
        PRAGMA foreign_keys = DELETE
        PRAGMA journal_mode = DEFAULT
        PRAGMA table_info('t')
        PRAGMA table_info(t
        PRAGMA table_info()
        PRAGMA user_version = 
        PRAGMA user_version = 1 2
        PRAGMA foo = (1)
        PRAGMA encoding = "UTF-8"
        VACUUM
        VACUUM main
        VACUUM INTO 'x'
        VACUUM main INTO 'x' || 'y'
        ANALYZE
        ANALYZE t
        ANALYZE main.t
        REINDEX
        REINDEX main.t
        ATTACH 'x' AS y
        ATTACH DATABASE 'x' AS y KEY 'k'
        ATTACH 'x'
        DETACH y
        DETACH DATABASE y
        EXPLAIN SELECT 1
        EXPLAIN QUERY PLAN SELECT a FROM t
        EXPLAIN QUERY SELECT 1
        EXPLAIN EXPLAIN SELECT 1
        EXPLAIN
        SELECT 'é', "ü" FROM (SELECT 1 AS "ü")
        SELECT é FROM (SELECT 1 AS é)
        SELECT 1 € 2
        SELECT 1 ^ 2
        SELECT {1}
        SELECT \
        """;
}
