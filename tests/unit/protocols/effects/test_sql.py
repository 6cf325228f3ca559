"""What statements of SQL do to the data, by their text."""
import pytest

from vaurien.protocols.effects.sql import effect, turn
from vaurien.protocols.effects.words import ADDS, CLEANING, KEEPS, LOGIN, READ, TAKES, TAKES_IT, UNKNOWN, worst

EFFECTS = {
    'SELECT 1': READ,
    '(SELECT 1) UNION (SELECT 2)': READ,
    'select * from a where b = $1 for update': READ,
    "/* why */ INSERT INTO a VALUES (1, 'x')": ADDS,
    'INSERT INTO a (b) SELECT b FROM c': ADDS,
    "INSERT INTO a VALUES ('ON CONFLICT DO NOTHING')": ADDS,
    'INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING': KEEPS,
    'INSERT INTO a VALUES (1) ON CONFLICT (b) DO UPDATE SET c = EXCLUDED.c': KEEPS,
    'INSERT INTO a VALUES (1) ON CONFLICT (b) DO UPDATE SET c = a.c + 1': ADDS,
    'INSERT INTO a VALUES (1) ON DUPLICATE KEY UPDATE c = VALUES(c)': KEEPS,
    'INSERT INTO a VALUES (1) ON DUPLICATE KEY UPDATE c = c + 1': ADDS,
    'INSERT IGNORE INTO a VALUES (1)': KEEPS,
    'REPLACE INTO a VALUES (1)': KEEPS,
    "UPDATE a SET b = 'x + 1', c = $1 WHERE d = 2": KEEPS,
    'UPDATE a SET b = b + 1': ADDS,
    'UPDATE "a" SET "b" = "a"."b" - $1 WHERE id = $2': ADDS,
    'UPDATE a SET b = now()': UNKNOWN,
    'UPDATE a SET b = 1, c = f(d, 2)': UNKNOWN,
    'DELETE FROM a WHERE b = 1': KEEPS,
    "DELETE FROM a WHERE b = 'RETURNING c'": KEEPS,
    'DELETE FROM a WHERE b = 1 RETURNING c': TAKES_IT,
    'delete from a where b = (select b from a limit 1 for update skip locked) returning c': TAKES,
    'WITH x AS (DELETE FROM a WHERE b IN (SELECT b FROM c FETCH FIRST ROW ONLY) RETURNING d) SELECT d FROM x': TAKES,
    'WITH x AS (SELECT 1) INSERT INTO a SELECT * FROM x': ADDS,
    'WITH x AS (SELECT 1) SELECT * FROM x': READ,
    'CREATE TABLE a (b int)': CLEANING,
    'TRUNCATE a': CLEANING,
    'SET search_path TO b': LOGIN,
    'CALL pay(1)': UNKNOWN,
    'COPY a FROM STDIN': ADDS,
    'COPY a TO STDOUT': READ,
    '': READ,
}


@pytest.mark.parametrize('text', EFFECTS)
def test_what_a_statement_does(text):
    assert effect(text) == EFFECTS[text]


def test_of_a_statement_that_was_cut_nothing_is_known_that_its_end_would_tell():
    assert effect(f'INSERT INTO a VALUES ({"1, " * 100}'[:256]) == UNKNOWN
    assert effect(f'UPDATE a SET b = {"1" * 300}'[:256]) == UNKNOWN


@pytest.mark.parametrize('text, expected', [
    ('BEGIN', 'begin'), ('START TRANSACTION READ ONLY', 'begin'), ('COMMIT', 'commit'), ('END', 'commit'),
    ('ROLLBACK', 'rollback'), ('ROLLBACK TO SAVEPOINT a', ''), ('SET AUTOCOMMIT = 0', 'implicit'),
    ('SET autocommit=1', 'explicit'),
    ('SET @@session.autocommit = OFF', 'implicit'), ('SELECT 1', ''),
])
def test_what_a_statement_is_for_its_transaction(text, expected):
    assert turn(text) == expected


def test_a_text_that_is_as_hard_to_read_as_it_can_be_takes_no_time():
    for text in ('(' * 256, "UPDATE a SET b = '" + "\\" * 200, 'UPDATE SET ' * 23, '/*' * 128, ',=' * 128):
        assert effect(f'UPDATE a SET {text}') in (UNKNOWN, KEEPS, ADDS)


def test_several_requests_do_what_the_worst_of_them_does():
    assert worst([]) == worst([READ, READ]) == READ
    assert worst([READ, KEEPS]) == KEEPS
    assert worst([KEEPS, UNKNOWN]) == UNKNOWN
    assert worst([UNKNOWN, ADDS, READ]) == ADDS
    assert worst([READ, TAKES, TAKES_IT]) == TAKES
    assert worst([TAKES_IT]) == TAKES_IT
    assert worst([TAKES_IT, KEEPS]) == KEEPS
