"""The SQL that is spoken to PostgreSQL: what it is made of, and what each statement means. Knows no server.

A text is made of templates with a token in it that no other request has, and is read again by its beginning.
"""
import re
from typing import NamedTuple


class Statement(NamedTuple):
    """One statement.

    Args:
        verb: What it is: a key of ``FORMS``; empty: no statement at all.
        columns: Of the rows that it returns; 0: it returns none.
        words: What its form has found in the text.
    """

    verb: str
    columns: int
    words: tuple[str, ...] = ()


#: by verb, the columns of its rows, and its text
FORMS: dict[str, tuple[int, str]] = {
    'begin': (0, 'BEGIN'),
    'commit': (0, 'COMMIT'),
    'rollback': (0, 'ROLLBACK'),
    'savepoint': (0, r'SAVEPOINT (\w+)'),
    'back to': (0, r'ROLLBACK TO (\w+)'),
    'release': (0, r'RELEASE (\w+)'),
    'set': (0, 'SET extra_float_digits = 1'),
    'ask': (1, r"SELECT '(\w+)'"),
    'ask for': (1, r'SELECT \$1::text'),
    'many': (1, r"SELECT '(\w+)' \|\| g FROM generate_series\(1, (\d+)\) g"),
    'large': (1, r"SELECT repeat\('(\w+)', (\d+)\)"),
    'mine': (1, r"SELECT v FROM hunt WHERE s = '\w+' ORDER BY id"),
    'sleep': (3, r"SELECT '(\w+)', pg_sleep\(\d+\), 3"),    # no other one has as many columns
    'late': (2, r"SELECT '(\w+)', 1 / \(random\(\) \* 0\)::int"),
    'no table': (1, r"SELECT '(\w+)' FROM nowhere"),
    'no number': (1, r"SELECT '(\w+)'::int"),
    'no sql': (0, r"SELEC '(\w+)'"),
    'insert': (0, r"INSERT INTO hunt \(s, v\) VALUES \('\w+', '(\w+)'\)"),
    'insert it': (0, r"INSERT INTO hunt \(s, v\) VALUES \('\w+', \$1\)"),
    'insert and ask': (1, r"INSERT INTO hunt \(s, v\) VALUES \('\w+', '(\w+)'\) RETURNING v"),
    'update': (0, r"UPDATE hunt SET v = '(\w+)' WHERE s = '\w+' AND v = '(\w+)'"),
    'delete': (0, r"DELETE FROM hunt WHERE s = '\w+' AND v = '(\w+)'"),
    'copy in': (0, r'COPY hunt \(s, v\) FROM STDIN'),
    'copy out': (0, r"COPY \(SELECT '(\w+)' \|\| g FROM generate_series\(1, (\d+)\) g\) TO STDOUT"),
    'notice': (0, r"DO \$\$BEGIN RAISE NOTICE '(\w+)'; END\$\$"),
}
_READ = {verb: re.compile(f'{form} *').fullmatch for verb, (_, form) in FORMS.items()}
NOTHING = Statement('', 0)
#: statements about transactions
CONTROL = ('begin', 'commit', 'rollback', 'savepoint', 'back to', 'release')
#: the end of a transaction, the only statements that a failed one takes
EXITS = ('commit', 'rollback', 'back to')


def read(text: str) -> Statement:
    """Return the statement that a text is.

    Raises:
        ValueError: It is not of the vocabulary.
    """
    text = text.strip()
    if not text:
        return NOTHING
    for verb, fits in _READ.items():
        if found := fits(text):
            return Statement(verb, FORMS[verb][0], found.groups())
    raise ValueError(text)


def several(text: str) -> tuple[Statement, ...]:
    """Return the statements of a Query."""
    parts = [text] if text.startswith('DO ') else text.split(';')
    return tuple(found for part in parts if (found := read(part)).verb)
