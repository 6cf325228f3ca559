"""The shapes of SQL statements: texts without what differs from one execution to the next. Pure functions of text.

What is masked: literals and parameters; lists of them, which become one, and rows that are alike; names that programs make up
(cursors, savepoints, prepared statements, and other names with long numbers). Comments are left out, and all spaces are one.
"""
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from .shapes import MASK, masked

MAX_DEPTH: Final = 32       #: [parentheses] within each other whose lists are recognized; deeper ones are text
#: a name in which a number is no part of a word: ``tmp_20240131``, ``idx_9f86d081``
MADE_UP: Final = re.compile(r'[0-9]{4}|(?<![^\W_])(?=[A-Fa-f]*+[0-9])[0-9A-Fa-f]{8,}+(?![^\W_])')
#: words that are literals where one stands alone in a list, or after ``=``
CONSTANTS: Final = frozenset({'NULL', 'TRUE', 'FALSE', 'DEFAULT'})
#: the statements that name something which the program has made up, and may need it only once
NAMING: Final = frozenset({'SAVEPOINT', 'RELEASE', 'ROLLBACK', 'DECLARE', 'FETCH', 'MOVE', 'CLOSE', 'PREPARE', 'EXECUTE',
                           'DEALLOCATE'})
#: the words that may stand before that name
BEFORE_NAME: Final = frozenset({
    'SAVEPOINT', 'TO', 'WORK', 'TRANSACTION', 'PREPARE', 'PREPARED', 'AND', 'NO', 'CHAIN', 'ALL', 'IMMEDIATE', 'NEXT', 'PRIOR',
    'FIRST', 'LAST', 'ABSOLUTE', 'RELATIVE', 'FORWARD', 'BACKWARD', 'FROM', 'IN', 'INTO'})
#: the statements in which a number may stand before it, and which have no other names
COUNTING: Final = frozenset({'FETCH', 'MOVE'})
BEGINS_COMMENT: Final = re.compile(r'--|/\*|#')
#: what a sign stands after where it belongs to a number
BEFORE_SIGN: Final = frozenset('(,=<>[')


MAX_REMEMBERED: Final = 1024    #: texts that are remembered with their shapes, without their literals, ...
MAX_KNOWN: Final = 4096         #: ... of at most so many characters
QUOTES: Final = "''"    #: what stands in such a text for a literal in quotes; ``0`` does for a number
#: where one of these stands outside of literals in single quotes, others may end where they do not seem to: comments, names in
#: quotes, literals that begin in other ways, and those with a quote inside
UNSURE: Final = re.compile(r"""--|/\*|[#$"`\\]|[\w&]''|''[\w']""")
#: a number that stands alone
ALONE: Final = re.compile(r'(?<![\w.])[0-9]++(?:\.[0-9]++)?+(?![\w.])')


class Dialect(NamedTuple):
    """How a server reads a text.

    Args:
        tokens: Finds comments, literals, quoted names, words and signs, each in a group of that name.
    """

    tokens: re.Pattern[str]


_NUMBER: Final = r'0[xX][0-9A-Fa-f]++|[0-9]++(?:\.[0-9]*+)?(?:[eE][+-]?[0-9]++)?|\.[0-9]++'
_WORD: Final = r'(?P<word>[^\W\d][\w$]*+)'
_REST: Final = r'|(?P<space>\s++)|(?P<sign>.)'


def _dialect(comment: str, literal: str, quoted: str) -> Dialect:
    return Dialect(re.compile(rf'(?P<comment>{comment})|(?P<literal>\?|{literal}|{_NUMBER})|(?P<quoted>{quoted})|{_WORD}{_REST}',
                              re.DOTALL))


#: texts that were cut end within what began before
POSTGRES: Final = _dialect(
    r'--[^\n]*+|/\*.*?(?:\*/|\Z)',
    r"""[eE]'(?:[^'\\]|\\.|'')*+(?:'|\\?\Z)|(?:[nNbBxX]|[uU]&)?'(?:[^']|'')*+(?:'|\Z)|\$[0-9]++|(\$(?:[^\W\d]\w*)?\$).*?(?:\3|\Z)""",
    r'"[^"]*+(?:"|\Z)')
MYSQL: Final = _dialect(
    r'(?:--(?=\s)|\#)[^\n]*+|/\*(?!M?!).*?(?:\*/|\Z)',
    r"""[nNbBxX]?'(?:[^'\\]|\\.|'')*+(?:'|\\?\Z)|"(?:[^"\\]|\\.|"")*+(?:"|\\?\Z)""",
    r'`[^`]*+(?:`|\Z)')


def shape(text: str, dialect: Dialect) -> str:
    """Return the shape of a text of SQL; it is its own shape.

    >>> shape("SELECT a FROM t WHERE id IN (1, 2, 3) AND b = 'x'", POSTGRES)
    'SELECT a FROM t WHERE id IN (?) AND b = ?'
    """
    parts = text.split("'")
    if len(parts) % 2 and len(text) <= MAX_KNOWN and '\\' not in text:
        without = QUOTES.join(parts[::2])
        if not UNSURE.search(without):      # so every literal in quotes ends where it seems to
            return _known(ALONE.sub('0', without), dialect)
    return _whole_shape(text, dialect)


def _whole_shape(text: str, dialect: Dialect) -> str:
    found = _shape(text, dialect)
    while BEGINS_COMMENT.search(found) and (again := _shape(found, dialect)) != found:
        found = again   # where something was left out a comment may begin; it is left out too, so that this comes to an end
    return found


#: by a text that differs in its literals alone
_known = lru_cache(MAX_REMEMBERED)(_whole_shape)


def _shape(text: str, dialect: Dialect) -> str:
    shaper = _Shaper()
    for kind, token in _tokens(text, dialect):
        shaper.add(kind, token)
    return shaper.end()


def _tokens(text: str, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Give the tokens of a text, with what each is."""
    for found in dialect.tokens.finditer(text):
        kind = found.lastgroup or 'literal'
        yield kind, found[0]


class _Shaper:
    """Takes tokens and makes a shape of them.

    Attributes:
        groups: What has come of each parenthesis that is open, in tokens; the first one is the text itself.
        spaced: A space stands before the next token.
        beyond: Parentheses that are open beyond ``MAX_DEPTH``.
        verb: The first word of the statement; empty: it has not come.
        naming: The name has not come that the program has made up.
    """

    def __init__(self) -> None:
        self.groups: list[list[str]] = [[]]
        self.spaced = self.naming = False
        self.beyond = 0
        self.verb = ''

    def add(self, kind: str, token: str) -> None:
        """Take the next token."""
        if kind in ('space', 'comment'):
            self.spaced = True
        elif kind == 'literal':
            self._literal()
        elif kind == 'word':
            self._word(token)
        elif kind == 'quoted':
            self._put_name(token)
        elif token == '(':
            self._open()
        elif token == ')':
            self._close()
        else:
            self._sign(token)

    def end(self) -> str:
        """Return the shape. A list that was cut in the middle of a row has had the rows before it."""
        text = ''
        while self.groups:
            group = self.groups.pop()
            if text:
                group = _without_comma(group) if _follows_alike(group) else [*group, text]
            elif not self.groups and len(group) > 2 and group[-1] == ',' and group[-2].endswith(')'):
                group = group[:-1]
            text = ('(' if self.groups else '') + ''.join(_one(group) if self.groups else group)
        return text.strip()

    # -- what a token becomes

    def _put(self, token: str) -> None:
        """Write a token, with the space before it if there was one."""
        group = self.groups[-1]
        if self.spaced and group:
            group.append(' ')
        self.spaced = False
        group.append(token)

    def _before(self, skip: int = 0) -> str:
        """Return the last token but ``skip`` that is no space; ``(`` at the beginning of a parenthesis."""
        for token in reversed(self.groups[-1]):
            if token != ' ':
                if not skip:
                    return token
                skip -= 1
        return '(' if len(self.groups) > 1 and not skip else ''

    def _literal(self) -> None:
        self.verb = self.verb or MASK
        self.naming = self.naming and self.verb in COUNTING
        if self._before() in ('-', '+') and self._before(1) in BEFORE_SIGN:
            group = self.groups[-1]
            while group.pop() == ' ':
                pass
            if group and group[-1] == ' ':
                group.pop()
                self.spaced = True
        self._put(MASK)

    def _put_name(self, name: str) -> None:
        """Write a name, or mask it where the program has made it up."""
        written = MASK if self.naming else made_up(name)
        if not written.startswith(MASK):
            self._put(written)
        else:
            self._literal()
            if written != MASK:
                self._put(written.removeprefix(MASK))

    def _word(self, word: str) -> None:
        upper = word.upper()
        if not self.verb:
            self.verb, self.naming = upper, upper in NAMING
            self._put(word)
        elif self.naming and upper in BEFORE_NAME or upper in CONSTANTS and self._before() != '=':
            self._put(word)
        else:
            self._put_name(MASK if upper in CONSTANTS else word)

    def _sign(self, token: str) -> None:
        if token == ',':
            self._constant()
        elif token == ';' and len(self.groups) == 1:
            self.verb, self.naming = '', False
        self._put(token)

    def _constant(self) -> None:
        """Mask the last token where it is a constant alone in its place of a list."""
        if self._before().upper() in CONSTANTS and self._before(1) in ('(', ','):
            group = self.groups[-1]
            while group[-1] == ' ':
                group.pop()
            group[-1] = MASK

    # -- parentheses

    def _open(self) -> None:
        if len(self.groups) > MAX_DEPTH:
            self.beyond += 1
            return self._put('(')
        if self.spaced:
            self.groups[-1].append(' ')
        self.spaced = False
        self.groups.append([])
        return None

    def _close(self) -> None:
        self._constant()
        if self.beyond or len(self.groups) == 1:
            self.beyond -= self.beyond > 0
            return self._put(')')
        self.spaced = False
        text = '(' + ''.join(_one(self.groups.pop())) + ')'
        group = self.groups[-1]
        if _follows_alike(group, text):
            self.groups[-1] = _without_comma(group)
        else:
            group.append(text)
        return None


def made_up(name: str) -> str:
    """Return a name with its numbers masked where they are no part of a word."""
    return masked(name).replace('$', '_') if MADE_UP.search(name) else name     # ``$`` would begin a literal


def _one(group: list[str]) -> list[str]:
    """Return what is in a parenthesis; a list of literals as one."""
    return [MASK] if MASK in group and all(token in (MASK, ',', ' ') for token in group) else group


def _follows_alike(group: list[str], text: str = '') -> bool:
    """Return whether a comma comes last and a parenthesis before it, the same as ``text`` if one is given."""
    found = _without_comma(group)
    if not found or len(found) == len(group):
        return False
    return found[-1] == text if text else len(found[-1]) > 1 and found[-1].startswith('(')


def _without_comma(group: list[str]) -> list[str]:
    """Return tokens without a comma at their end, and the spaces around it."""
    end = len(group)
    while end and group[end - 1] == ' ':
        end -= 1
    if not end or group[end - 1] != ',':
        return group
    end -= 1
    while end and group[end - 1] == ' ':
        end -= 1
    return group[:end]
