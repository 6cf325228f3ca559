"""What is masked in SQL, by the two dialects: statements as programs and their libraries send them."""
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vaurien.protocols.sql_shapes import MAX_DEPTH, MYSQL, POSTGRES, _whole_shape, shape

#: in both dialects
SHAPES = {
    '': '',
    'SELECT 1': 'SELECT ?',
    'select version()': 'select version()',
    'SELECT a, b FROM t WHERE id = 42': 'SELECT a, b FROM t WHERE id = ?',
    'SELECT\n    a\nFROM  t\n': 'SELECT a FROM t',
    "SELECT * FROM t WHERE a = 'it''s' AND b <> 'x'": 'SELECT * FROM t WHERE a = ? AND b <> ?',
    'SELECT -1, +2.5e-3, .5, 0x1F, x-1': 'SELECT -?, ?, ?, ?, x-?',
    'SELECT * FROM t WHERE a = -1 AND b > - 2 AND c = d-1': 'SELECT * FROM t WHERE a = ? AND b > ? AND c = d-?',
    'UPDATE t SET a = NULL, b = TRUE WHERE c IS NULL': 'UPDATE t SET a = ?, b = ? WHERE c IS NULL',
    'SELECT * FROM t WHERE id IN (1, 2, 3)': 'SELECT * FROM t WHERE id IN (?)',
    'SELECT * FROM t WHERE id IN (?)': 'SELECT * FROM t WHERE id IN (?)',
    'SELECT * FROM t WHERE id IN (SELECT id FROM u WHERE a=1)': 'SELECT * FROM t WHERE id IN (SELECT id FROM u WHERE a=?)',
    "INSERT INTO t (a, b) VALUES (1, 'x')": 'INSERT INTO t (a, b) VALUES (?)',
    "INSERT INTO t VALUES (1, 'x'),(2, 'y'), (3, NULL)": 'INSERT INTO t VALUES (?)',
    'INSERT INTO t VALUES (1, now(), DEFAULT), (2, now(), DEFAULT)': 'INSERT INTO t VALUES (?, now(), ?)',
    'INSERT INTO t VALUES (?, now()), (?, now()), (?, no': 'INSERT INTO t VALUES (?, now())',
    'INSERT INTO t VALUES (?, ?), (?, ?),': 'INSERT INTO t VALUES (?)',
    'SELECT * FROM t WHERE (a, b) IN ((1, 2), (3, 4))': 'SELECT * FROM t WHERE (a, b) IN ((?))',
    'SELECT f(1), g(2), f(1)': 'SELECT f(?), g(?), f(?)',
    'SELECT COALESCE(a, NULL, 0)': 'SELECT COALESCE(a, ?, ?)',
    "SELECT /* request 17 */ a -- of user 'x'\nFROM t": 'SELECT a FROM t',
    'SELECT t1_0.id, utf8mb4 FROM app_user t1_0 LIMIT 21 OFFSET 40':
        'SELECT t1_0.id, utf8mb4 FROM app_user t1_0 LIMIT ? OFFSET ?',
    'CREATE TABLE tmp_20240131 (id int8)': 'CREATE TABLE tmp_? (id int8)',
    'DROP TABLE test_9f86d081884c': 'DROP TABLE test_?',
    "SELECT 'cut in the mid": 'SELECT ?',
    'SELECT a /* cut': 'SELECT a',
    'BEGIN': 'BEGIN',
    'START TRANSACTION READ ONLY': 'START TRANSACTION READ ONLY',
    'SAVEPOINT sa_savepoint_1': 'SAVEPOINT ?',
    'RELEASE SAVEPOINT s140223_x7': 'RELEASE SAVEPOINT ?',
    'ROLLBACK TO SAVEPOINT s1': 'ROLLBACK TO SAVEPOINT ?',
    'ROLLBACK TO s1': 'ROLLBACK TO ?',
    'rollback': 'rollback',
    'COMMIT; SAVEPOINT x; SELECT x': 'COMMIT; SAVEPOINT ?; SELECT x',
    'PREPARE stmt AS SELECT a': 'PREPARE ? AS SELECT a',
    'DEALLOCATE ALL': 'DEALLOCATE ALL',
    'DEALLOCATE PREPARE stmt': 'DEALLOCATE PREPARE ?',
    'EXECUTE stmt (1)': 'EXECUTE ? (?)',
    'SET x = 5': 'SET x = ?',
    'SELECT ' + '(' * (MAX_DEPTH + 5) + '1, 2' + ')' * (MAX_DEPTH + 5):
        'SELECT ' + '(' * (MAX_DEPTH + 5) + '?, ?' + ')' * (MAX_DEPTH + 5),
}
OF_POSTGRES = {
    'SELECT * FROM "user" WHERE id = $1 AND a = ANY($2::int[])': 'SELECT * FROM "user" WHERE id = ? AND a = ANY(?::int[])',
    "SELECT E'a\\'b', U&'d', $$it's$$, $f$ $$ $f$, a": 'SELECT ?, ?, ?, ?, a',
    'DECLARE "_django_curs_140_sync_1" NO SCROLL CURSOR FOR SELECT 1': 'DECLARE ? NO SCROLL CURSOR FOR SELECT ?',
    'FETCH FORWARD 100 FROM "_django_curs_140_sync_1"': 'FETCH FORWARD ? FROM ?',
    'MOVE 5 IN c': 'MOVE ? IN ?',
    'CLOSE "c_1"': 'CLOSE ?',
    'DEALLOCATE "_pg3_0"': 'DEALLOCATE ?',
    "PREPARE TRANSACTION 'x17'": 'PREPARE TRANSACTION ?',
    'SELECT "idx_2024_01" FROM t': 'SELECT "idx_?_?" FROM t',
    "SELECT a->>'b', c @> '{}'::jsonb": 'SELECT a->>?, c @> ?::jsonb',
    'LISTEN jobs': 'LISTEN jobs',
    'CREATE FUNCTION f() RETURNS int AS $body$ SELECT 1; $body$ LANGUAGE sql':
        'CREATE FUNCTION f() RETURNS int AS ? LANGUAGE sql',
}
OF_MYSQL = {
    'SELECT * FROM `user` WHERE a = "it""s" AND b = \'it\\\'s\' # why': 'SELECT * FROM `user` WHERE a = ? AND b = ?',
    '/*!40101 SET NAMES utf8 */': '/*!? SET NAMES utf8 */',
    'SELECT 1--1': 'SELECT ?--?',
    'SELECT `t`.`a_2024`, @@version, @x': 'SELECT `t`.`a_?`, @@version, @x',
    'SAVEPOINT `s_1`': 'SAVEPOINT ?',
    "XA START 'x17'": 'XA START ?',
    'INSERT INTO t VALUES (_utf8"x", X\'4D\')': 'INSERT INTO t VALUES (_utf8?, ?)',
    'PREPARE stmt FROM "SELECT 1"': 'PREPARE ? FROM ?',
}
TABLE = [*((text, dialect, expected) for text, expected in SHAPES.items() for dialect in (POSTGRES, MYSQL)),
         *((text, POSTGRES, expected) for text, expected in OF_POSTGRES.items()),
         *((text, MYSQL, expected) for text, expected in OF_MYSQL.items())]


@pytest.mark.parametrize('text, dialect, expected', TABLE, ids=lambda value: repr(value)[:60])
def test_what_differs_from_one_execution_to_the_next_is_masked(text, dialect, expected):
    assert shape(text, dialect) == expected
    assert shape(expected, dialect) == expected


PIECES = st.sampled_from([
    'SELECT', 'FETCH', 'SAVEPOINT', 'DECLARE', 'ROLLBACK', 'TO', 'FROM', 'VALUES', 'NULL', 'DEFAULT', 'x', 'E', 'a1234',
    'deadbeef1', 'x1234abcdefa1', '7', '.5', '1e5', '0x1f', '$1', '$$', '$a$', "'", "''", "'x'", '"', '`', '\\', '(', ')', '(',
    ')', ',', ', ', ';', ' ', '-', '+', '--', '/*', '*/', '#', '\n', '=', '<', '?', '.', '[', '\u0663', '\u00e9', '@', '/*!'])


@pytest.mark.parametrize('dialect', [POSTGRES, MYSQL], ids=['postgres', 'mysql'])
@given(text=st.lists(PIECES, max_size=40).map(''.join) | st.text())
@example(text='(-deadbeef1')
@example(text='FETCH c1 x')
def test_a_shape_is_its_own_shape(dialect, text):
    once = shape(text, dialect)
    assert shape(once, dialect) == once


LITERALS = st.sampled_from([
    "'it''s'", "E'a\\'b'", "N'x'", "'a''b'5", "x'4D'", "U&'d'", "'--'", "'/*'", "'$$'", '5', '12.5', '1.', '10x1F', 't5', "5'a'",
    '1e10', 'x-1', '.5', '-7', 'FETCH 10', '(1, 2)', '"t 20"', '"t 2024"', '`t 20`', "-- don't", "/* it's */", "# it's", '$1'])


@pytest.mark.parametrize('dialect', [POSTGRES, MYSQL], ids=['postgres', 'mysql'])
@given(text=st.lists(PIECES | LITERALS, max_size=20).map(''.join) | st.lists(PIECES | LITERALS, max_size=20).map(' '.join))
@example(text="SELECT E'it\\'s ', 'x'")
@example(text="'a'5x1F 'b'")
def test_what_is_remembered_by_what_is_left_without_literals_is_what_would_be_made(dialect, text):
    assert shape(text, dialect) == _whole_shape(text, dialect)
