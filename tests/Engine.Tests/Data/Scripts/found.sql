-- What the differential tester found.
CREATE TABLE t(a INTEGER PRIMARY KEY, b INT, c REAL, d TEXT);
INSERT INTO t VALUES(1, 10, 1.5, 'a'), (2, 20, -0.0, 'b'), (3, 30, NULL, 'C');
CREATE TABLE e(x);
-- An aggregate of the query around a subquery leaves the subquery a plain one.
SELECT (SELECT count(a) FROM e) FROM t;
SELECT (SELECT sum(b) FROM (SELECT 1)) FROM t;
SELECT (SELECT 1 WHERE avg(b)) FROM t;
SELECT 1 FROM t GROUP BY b HAVING EXISTS (SELECT 1 FROM e WHERE max(b) = x);
SELECT 1 FROM t WHERE count(*);
SELECT max(b), (SELECT count(*) FROM e WHERE max(t.b) IS NULL) FROM t;
SELECT (max(b), 1) IN (VALUES(30, 1), (count(*), 2)) FROM t;
-- Which name USING means must be clear where a RIGHT or FULL JOIN is.
CREATE TABLE j1(k);
CREATE TABLE j2(k);
CREATE TABLE j3(k);
SELECT 1 FROM j1 FULL JOIN j2 JOIN j3 USING(k);
SELECT 1 FROM j1 JOIN j2 NATURAL RIGHT JOIN j3;
SELECT 1 FROM j1 FULL JOIN j2 USING(k) JOIN j3 USING(k);
SELECT 1 FROM j1 JOIN j2 JOIN j3 USING(k);
-- NEW and OLD are compared without the types of their columns, but for the INTEGER PRIMARY KEY.
CREATE TABLE log(x, y);
CREATE TRIGGER tu AFTER UPDATE ON t BEGIN INSERT INTO log VALUES('5' < old.b, '0' < old.a); END;
UPDATE t SET d = d || '!';
SELECT * FROM log;
DROP TRIGGER tu;
-- A REAL column has no negative zero.
SELECT a, c FROM t WHERE c = 0;
-- Rows are changed in the order of the table when all are.
CREATE TABLE u(p, q UNIQUE);
INSERT INTO u VALUES(1, 'z'), (2, 'y'), (3, 'x');
UPDATE OR REPLACE u SET q = 1;
SELECT * FROM u;
INSERT INTO u VALUES(4, 'b'), (5, 'a');
UPDATE OR IGNORE u SET q = 2 FROM t WHERE t.a < 3;
SELECT * FROM u ORDER BY p;
-- What is no 32-bit number is no number of a result.
SELECT 1 FROM t GROUP BY 4294967296;
SELECT 1 FROM t ORDER BY -9007199254740993;
SELECT 1 FROM t GROUP BY -1;
SELECT 1 FROM t ORDER BY 2147483647;
-- UPDATE FROM finds rows of a WITHOUT ROWID table by a key that nothing else reads.
CREATE TABLE w(k, v, n, PRIMARY KEY(k)) WITHOUT ROWID;
INSERT INTO w VALUES('b', 1, 3), ('a', 2, 1), ('c', 2, 2);
UPDATE w SET v = t.b FROM t WHERE t.rowid = w.n;
SELECT * FROM w;
-- Unique keys are tested from the newest to the oldest, the primary key of a WITHOUT ROWID table in its place.
CREATE TABLE o(a PRIMARY KEY, b UNIQUE) WITHOUT ROWID;
INSERT INTO o VALUES(1, 1), (2, 2);
UPDATE o SET a = 9, b = 9;
CREATE TABLE o2(a, b UNIQUE, PRIMARY KEY(a)) WITHOUT ROWID;
INSERT INTO o2 VALUES(1, 1), (2, 2);
UPDATE o2 SET a = 9, b = 9;
CREATE UNIQUE INDEX o2i ON o2(a, b);
UPDATE o2 SET a = 9, b = 9;
-- A UNIQUE that repeats the primary key of a WITHOUT ROWID table is that.
CREATE TABLE r1(a, b, PRIMARY KEY(a, b), UNIQUE(a, b)) WITHOUT ROWID;
CREATE TABLE r2(a UNIQUE, b, PRIMARY KEY(a)) WITHOUT ROWID;
CREATE TABLE r3(a UNIQUE ON CONFLICT IGNORE, b, PRIMARY KEY(a) ON CONFLICT REPLACE) WITHOUT ROWID;
SELECT name FROM sqlite_schema WHERE tbl_name IN ('r1', 'r2') ORDER BY name;
PRAGMA index_list(r1);
PRAGMA index_list(r2);
INSERT INTO r1 VALUES(1, 2), (1, 2);
INSERT INTO r2 VALUES(1, 2), (1, 3);
-- RETURNING's subqueries see each row as it is changed.
CREATE TABLE g(x);
INSERT INTO g VALUES(1), (2), (3) RETURNING (SELECT count(*) FROM g), x IN (SELECT x + 1 FROM g);
DELETE FROM g RETURNING (SELECT sum(x) FROM g);
-- Types of a STRICT table with generated columns are tested before NOT NULL.
CREATE TABLE s(a INT NOT NULL, b BLOB, c ANY AS (a)) STRICT;
INSERT INTO s(a, b) VALUES(NULL, 1);
-- Only who says 'now' asks for the time.
CREATE TABLE dates(x);
CREATE INDEX di ON dates(unixepoch(x));
INSERT INTO dates VALUES('NULL'), ('nonsense'), ('2024-01-01');
SELECT count(*) FROM dates WHERE unixepoch(x) IS NULL;
SELECT unixepoch('subsec') > 1700000000;
-- Where JSON is wrong.
SELECT json_error_position('12:30'), json_error_position('01'), json_error_position('{"a":1}x'), json_error_position('[1,,2]');
-- A merged column and the one of its table are two, also over groups and windows.
CREATE TABLE m1(a, b);
CREATE TABLE m2(a);
INSERT INTO m2 VALUES(1), (2);
SELECT a, m1.a, row_number() OVER (ORDER BY m2.a) FROM m1 RIGHT JOIN m2 USING(a);
SELECT a, m1.a, m2.a, count(*) FROM m1 RIGHT JOIN m2 USING(a) GROUP BY m2.a;
-- Nothing is in an empty list.
SELECT a IN (), a NOT IN (), NULL IN () FROM m2;
-- USING compares by the collation of the column to its left.
CREATE TABLE c1(k TEXT COLLATE NOCASE, v);
CREATE TABLE c2(k TEXT, v2);
INSERT INTO c1 VALUES('A', 1), ('b', 2);
INSERT INTO c2 VALUES('a', 10), ('B', 20), ('c', 30);
SELECT v, v2 FROM c1 JOIN c2 USING(k) ORDER BY v;
SELECT v, v2 FROM c2 JOIN c1 USING(k) ORDER BY v;
SELECT v, v2 FROM c1 NATURAL LEFT JOIN c2 ORDER BY v;
-- In an index a whole real and the integer that is equal to it are in the order of their rowids.
CREATE TABLE n(a INTEGER PRIMARY KEY, b);
CREATE INDEX nb ON n(b);
INSERT INTO n VALUES(1, 5.0), (3, 5), (2, 5.0), (4, 5), (5, 5.5), (6, 4.5), (7, 100000000000000003), (8, 1e17), (9, 100000000000000000);
SELECT a FROM n ORDER BY b;
PRAGMA integrity_check;
