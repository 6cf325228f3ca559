"""What a statement of SQL does to the data, and whether doing it twice is doing it once. Pure functions of text.

Texts may be cut; what cannot be told of one is not known.
"""
import re
from typing import Final

from .words import (
    ADDS,
    BEGIN,
    CLEANING,
    COMMIT,
    EXPLICIT,
    IMPLICIT,
    KEEPS,
    LOGIN,
    READ,
    ROLLBACK,
    TAKES,
    TAKES_IT,
    UNKNOWN,
    Effect,
)

MAX_TEXT: Final = 256       #: [characters] of a statement that a journal keeps
#: comments, and what stands in quotes
COMMENT: Final = re.compile(r'--[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.|'')*(?:'|\Z)")
WORDS: Final = re.compile(r'[A-Za-z_]+')
#: an INSERT of what may be there already
UPSERT: Final = re.compile(r'\bON\s+CONFLICT\b|\bON\s+DUPLICATE\s+KEY\b|\AINSERT\s+(?:OR\s+)?(?:IGNORE|REPLACE)\b|\AREPLACE\b',
                           re.IGNORECASE)
ASSIGNMENTS: Final = re.compile(r'\bSET\b(.*?)(?:\bWHERE\b|\bRETURNING\b|\bFROM\b|\Z)', re.IGNORECASE | re.DOTALL)
#: the column and what it becomes
ASSIGNMENT: Final = re.compile(r'["`\w.]*?(?P<column>\w+)["`]?\s*=\s*(?P<value>.+)', re.DOTALL)
#: values that are the same the second time: literals, parameters, what a cast makes of one
CONSTANT: Final = re.compile(
    r"""\s*(?:'(?:[^'\\]|\\.|'')*'|[-+]?[\d.]+|\?|%s|\$\d+|:\w+|NULL|TRUE|FALSE|DEFAULT)(?:::\w+)?\s*\Z""", re.IGNORECASE)
NOT_AUTOMATIC: Final = re.compile(r'\ASET\s+(?:SESSION\s+)?(?:@@(?:SESSION\.)?)?AUTOCOMMIT\s*=\s*(0|1|OFF|ON)', re.IGNORECASE)

DEFINING: Final = frozenset({'CREATE', 'ALTER', 'DROP', 'TRUNCATE', 'COMMENT', 'GRANT', 'REVOKE', 'ANALYZE', 'VACUUM', 'REINDEX'})
SETTING: Final = frozenset({'SET', 'RESET', 'SHOW', 'USE', 'LISTEN', 'UNLISTEN', 'DISCARD', 'DEALLOCATE', 'PREPARE', 'SAVEPOINT',
                            'RELEASE'})
UNKNOWN_WORDS: Final = frozenset({'CALL', 'DO', 'EXECUTE', 'MERGE', 'NOTIFY', 'LOAD', 'IMPORT', 'REFRESH'})


def words(text: str) -> list[str]:
    """Return the first two words of a statement, in capitals."""
    return [word.upper() for word in WORDS.findall(plain(text))[:2]]


def plain(text: str) -> str:
    """Return a statement without comments, and without blanks at its ends."""
    return COMMENT.sub(' ', text).strip().lstrip('(')


def effect(text: str) -> Effect:
    """Return what a statement does.

    >>> effect('INSERT INTO payments VALUES (1)') == ADDS, effect('UPDATE a SET b = 2') == KEEPS
    (True, True)
    """
    cut, text = len(text) >= MAX_TEXT, plain(text)
    first, second = (*words(text), '', '')[:2]
    if first == 'WITH':
        first = next((word.upper() for word in WORDS.findall(QUOTED.sub(' ', text)) if word.upper() in
                      ('INSERT', 'UPDATE', 'DELETE', 'MERGE')), 'SELECT')
    if first in ('INSERT', 'REPLACE'):
        return inserting(text, cut)
    if first == 'UPDATE':
        return assigning(text, cut)
    if first == 'DELETE':
        return deleting(text)
    if first == 'COPY':
        return ADDS if 'FROM' in text.upper().split() else READ
    if first in DEFINING:
        return CLEANING
    if first in SETTING:
        return LOGIN
    return UNKNOWN if first in UNKNOWN_WORDS else READ


def inserting(text: str, cut: bool) -> Effect:
    """Return what an INSERT does."""
    if not UPSERT.search(QUOTED.sub("''", text)):
        return UNKNOWN if cut else ADDS
    return assigning(text, cut) if re.search(r'\bUPDATE\b', text, re.IGNORECASE) else KEEPS


def deleting(text: str) -> Effect:
    """Return what a DELETE does: one that hands out what it deletes takes it, from a queue where it says how many."""
    spoken = QUOTED.sub("''", text)
    if not re.search(r'\bRETURNING\b', spoken, re.IGNORECASE):
        return KEEPS
    return TAKES if re.search(r'\b(?:LIMIT|FETCH|SKIP\s+LOCKED)\b', spoken, re.IGNORECASE) else TAKES_IT


def assigning(text: str, cut: bool) -> Effect:
    """Return what an UPDATE does, by the values of its assignments."""
    found = ASSIGNMENTS.search(text) or re.search(r'\bUPDATE\b(.*)', text, re.IGNORECASE | re.DOTALL)
    assignments = split(QUOTED.sub("''", found[1])) if found else []
    effects = [assigned(one) for one in assignments]
    if ADDS in effects:
        return ADDS
    return KEEPS if effects and all(one == KEEPS for one in effects) and not cut else UNKNOWN


def assigned(text: str) -> Effect:
    """Return what one assignment does."""
    found = ASSIGNMENT.match(text.strip())
    if not found:
        return UNKNOWN
    value = found['value']
    if CONSTANT.match(value) or re.match(r'\s*(?:EXCLUDED\.\w+|VALUES\s*\([^()]*\))\s*\Z', value, re.IGNORECASE):
        return KEEPS
    itself = re.search(rf'\b{found["column"]}\b', value, re.IGNORECASE)
    return ADDS if itself and re.search(r'[-+*/|]', value) else UNKNOWN


def split(text: str) -> list[str]:
    """Split assignments at the commas outside of parentheses."""
    parts, depth = [''], 0
    for character in text:
        depth += (character == '(') - (character == ')')
        if character == ',' and depth <= 0:
            parts.append('')
        else:
            parts[-1] += character
    return parts


def turn(text: str) -> str:
    """Return what a statement is for the transaction of its connection."""
    if found := NOT_AUTOMATIC.match(plain(text)):
        return IMPLICIT if found[1].upper() in ('0', 'OFF') else EXPLICIT
    first, second = (*words(text), '', '')[:2]
    if first == 'BEGIN' or (first, second) == ('START', 'TRANSACTION'):
        return BEGIN
    if first in ('COMMIT', 'END'):
        return COMMIT
    return ROLLBACK if first in ('ROLLBACK', 'ABORT') and second != 'TO' else ''
