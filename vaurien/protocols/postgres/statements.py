"""The nature of an SQL statement, as far as failures depend on it. Knows the words of SQL and nothing of the wire.

A statement is read only when a failure has been drawn: text that merely passes is never looked at.
"""
import re
from typing import NamedTuple

READ = 'read'           #: also a statement of unknown nature
WRITE = 'write'         #: a read-only transaction refuses it
COMMIT = 'commit'       #: the end of a transaction, where it can still fail
CONTROL = 'control'     #: touches no data, so that data cannot make it fail: BEGIN, SET, ROLLBACK; also an empty text

#: Comments, strings, quoted names and dollar quotes, each up to the end of the text if it was cut there; words; signs.
_TOKEN = re.compile(r"""--[^\n]*|/\*.*?(?:\*/|\Z)|'[^']*(?:'|\Z)|"[^"]*(?:"|\Z)|\$(\w*)\$.*?(?:\$\1\$|\Z)"""
                    r'|(?P<word>[A-Za-z_][\w$]*)|(?P<sign>[();])', re.DOTALL)

_CONTROL = frozenset({'BEGIN', 'START', 'ROLLBACK', 'ABORT', 'SAVEPOINT', 'RELEASE', 'SET', 'RESET', 'SHOW', 'DISCARD', 'PREPARE',
                      'DEALLOCATE', 'LISTEN', 'UNLISTEN', 'NOTIFY', 'CLOSE', 'LOAD', 'CHECKPOINT'})
_OPENING = frozenset({'BEGIN', 'START'})
_COMMIT = frozenset({('COMMIT',), ('END',), ('PREPARE', 'TRANSACTION')})
_PREPARED = frozenset({('COMMIT', 'PREPARED'), ('ROLLBACK', 'PREPARED')})

#: The server's name of a command that writes, by its first word; empty: the word itself.
_WRITES = {'INSERT': '', 'UPDATE': '', 'DELETE': '', 'MERGE': '', 'COMMENT': '', 'GRANT': '', 'REVOKE': '',
           'TRUNCATE': 'TRUNCATE TABLE', 'REASSIGN': 'REASSIGN OWNED', 'SECURITY': 'SECURITY LABEL',
           'REFRESH': 'REFRESH MATERIALIZED VIEW', 'IMPORT': 'IMPORT FOREIGN SCHEMA'}
#: Words between CREATE and the kind of object that are no part of the command's name.
_MODIFIERS = frozenset({'OR', 'REPLACE', 'TEMP', 'TEMPORARY', 'UNLOGGED', 'GLOBAL', 'LOCAL', 'UNIQUE', 'CONSTRAINT', 'RECURSIVE',
                        'DEFAULT', 'TRUSTED', 'PROCEDURAL'})
#: The kinds of object with a name of more than one word.
_LONG = ('MATERIALIZED VIEW', 'FOREIGN TABLE', 'FOREIGN DATA WRAPPER', 'EVENT TRIGGER', 'ACCESS METHOD', 'USER MAPPING',
         'OPERATOR CLASS', 'OPERATOR FAMILY', 'DEFAULT PRIVILEGES', 'TEXT SEARCH CONFIGURATION', 'TEXT SEARCH DICTIONARY',
         'TEXT SEARCH PARSER', 'TEXT SEARCH TEMPLATE')
_OTHER_NAME = {'USER': 'ROLE', 'GROUP': 'ROLE'}
_LOCKING = re.compile('FOR (?:NO KEY UPDATE|KEY SHARE|UPDATE|SHARE)')


class Statement(NamedTuple):
    """The nature of a text of SQL.

    Attributes:
        nature: ``READ``, ``WRITE``, ``COMMIT`` or ``CONTROL``; of several statements the first one counts that is no BEGIN.
        command: The server's name for it in a refusal to write (``CREATE TABLE AS``); empty: it does not write.
        opening: The text before that statement if a transaction begins there (``BEGIN; ``); empty: none does.
    """

    nature: str
    command: str = ''
    opening: str = ''


def read(text: str) -> Statement:
    """Return the nature of a text of SQL."""
    words, end = _words(text, 0)
    begin = 0
    while words and words[0] in _OPENING and end < len(text):
        following, further = _words(text, end)
        if not following:
            break
        words, begin, end = following, end, further
    return _classify(words)._replace(opening=text[:begin])


def reads_data(text: str) -> bool:
    """Return whether a text may let the server read data from the client: COPY FROM STDIN."""
    return {'COPY', 'STDIN'} <= {token['word'].upper() for token in _TOKEN.finditer(text) if token['word']}


def _words(text: str, start: int) -> tuple[list[str], int]:
    """Return the words of one statement outside of parentheses, in capitals, and where it ends.

    Parentheses around an entire statement do not count.
    """
    words: list[str] = []
    depth = 0
    for token in _TOKEN.finditer(text, start):
        if token['word']:
            if not depth:
                words.append(token['word'].upper())
        elif token['sign'] == ';':
            return words, token.end()
        elif token['sign'] == '(':
            depth += bool(words)
        elif token['sign'] == ')':
            depth = max(depth - 1, 0)
    return words, len(text)


def _classify(words: list[str]) -> Statement:
    if not words or tuple(words[:2]) in _PREPARED:
        return Statement(CONTROL)
    if tuple(words[:1]) in _COMMIT or tuple(words[:2]) in _COMMIT:
        return Statement(COMMIT)
    if words[0] in _CONTROL:
        return Statement(CONTROL)
    command = _command(words)
    return Statement(WRITE, command) if command else Statement(READ)


def _command(words: list[str]) -> str:
    """Return the server's name of a command that writes; empty: it does not write."""
    first = words[0]
    if first in ('CREATE', 'ALTER', 'DROP'):
        return _definition(words)
    if first == 'WITH':
        main = [at for at, word in enumerate(words) if word in ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE')]
        return _command(words[main[0]:]) if main else ''
    if first == 'SELECT':
        locking = _LOCKING.search(' '.join(words))
        return 'SELECT INTO' if 'INTO' in words else f'SELECT {locking[0]}' if locking else ''
    if first == 'COPY':
        direction = next((word for word in words if word in ('FROM', 'TO')), '')
        return 'COPY FROM' if direction == 'FROM' else ''
    if first in ('GRANT', 'REVOKE') and 'ON' not in words:
        return f'{first} ROLE'
    return _WRITES[first] or first if first in _WRITES else ''


def _definition(words: list[str]) -> str:
    """Return the name of a command that defines something: ``CREATE TABLE``, ``DROP USER MAPPING``."""
    at = 1
    while words[0] == 'CREATE' and at < len(words) and words[at] in _MODIFIERS:
        at += 1
    if at == len(words) or words[at] == 'SYSTEM':
        return ''
    rest = ' '.join(words[at:at + 3])
    what = next((long for long in _LONG if rest.startswith(long)), words[at])
    if words[0] == 'CREATE' and what == 'TABLE' and 'AS' in words:
        what = 'TABLE AS'
    return f'{words[0]} {_OTHER_NAME.get(what, what)}'
