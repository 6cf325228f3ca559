"""What a MariaDB server answers and keeps, message by message, that fails as a journal says. Knows no socket and no vaurien.

Its SQL is the vocabulary of ``FORMS``; what it answers was held against release 10.11. Answers are as ``mysql_wire`` reads them.
"""
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from tests.support.servers import DATABASE

from .mysql_wire import GREETING, NO_ID, ONE, USER, WRITE
from .oracle import Fault
from .verdict import CLOSE, CUT, SILENCE, Outcome

Message = Sequence[Any]
Rows = tuple[str, ...]

#: by kind, the code of an error
ERRORS = {'too-many-connections': 1040, 'host-blocked': 1129, 'host-denied': 1130, 'no-thread': 1135, 'access-denied': 1045,
          'user-limit': 1203, 'bad-handshake': 1043, 'lock-wait-timeout': 1205, 'deadlock': 1213, 'read-only': 1290,
          'query-interrupted': 1317, 'statement-timeout': 1969, 'disk-full': 1021, 'table-full': 1114, 'out-of-memory': 1037,
          'command-denied': 1142, 'query-limit': 1226, 'not-ready': 1047, 'too-many-statements': 1461, 'unknown-statement': 1243,
          'stale-statement': 1615, 'packet-too-large': 1153, 'server-shutdown': 1053}
#: kinds after which the connection closes; at a login all of them do
CLOSING = ('packet-too-large', 'server-shutdown', 'gone-away', 'lost-reply', 'truncated')
#: by verb, the text of a statement
FORMS: dict[str, str] = {
    'insert': r"INSERT INTO hunt \(s, v\) VALUES \('\w+', (?:'(\w+)'|\?)\)",
    'insert large': r"INSERT INTO hunt \(s, v\) VALUES \('\w+', REPEAT\('(\w+)', (\d+)\)\)",
    'ask': r"SELECT (?:'(\w+)'|\?)",
    'many': r"SELECT CONCAT\('(\w+)', seq\) FROM seq_1_to_(\d+)",
    'large': r"SELECT REPEAT\('(\w+)', (\d+)\)",
    'mine': r"SELECT v FROM hunt WHERE s = '\w+' ORDER BY id",
    'update': r"UPDATE hunt SET v = '(\w+)' WHERE s = '\w+' AND v = '(\w+)'",
    'delete': r"DELETE FROM hunt WHERE s = '\w+' AND v = '(\w+)'",
    'names': 'SET NAMES utf8mb4', 'begin': 'BEGIN', 'commit': 'COMMIT', 'rollback': 'ROLLBACK', 'savepoint': r'SAVEPOINT (\w+)',
    'back to': r'ROLLBACK TO (\w+)', 'release': r'RELEASE SAVEPOINT (\w+)',
    'automatic': r'SET autocommit = ([01])', 'call': r"CALL hunt_two\('(\w+)'\)", 'do': "DO '(\\w+)' = 'x'",
    'no sql': r"SELEC '(\w+)'", 'no table': r"SELECT '(\w+)' FROM nowhere",
    'signal': r"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '(\w+)'",
    'load': r"LOAD DATA LOCAL INFILE '(\w+)' INTO TABLE hunt \(s, v\)",
}
_READ = {verb: re.compile(form + r'\s*').fullmatch for verb, form in FORMS.items()}


class FailingError(Exception):
    """A statement fails with this code."""


def read(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the verb of a statement and the words in it.

    Raises:
        ValueError: It is not of the vocabulary.
    """
    for verb, fits in _READ.items():
        if found := fits(text.strip()):
            return verb, found.groups()
    raise ValueError(text)


class Statement:
    """The prepared statement.

    Attributes:
        rows: What its cursor has not given yet; None: no cursor is open.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.verb, self.words = read(text)
        self.rows: list[tuple[str, ...]] | None = None
        self.long = ''


class Server:
    """One session at the server's side.

    Args:
        faults: What the journal says, by the number of the exchange.
    """

    def __init__(self, faults: Mapping[int, Fault]) -> None:
        self.faults = faults
        self.rows: Rows = ()
        self.kept: Rows = ()
        self.automatic, self.begun = True, False
        self.savepoints: list[tuple[str, Rows]] = []
        self.statement: Statement | None = None
        self.text = ''      # of the statement that the client has sent last to be prepared
        self.outcome = Outcome()
        opening = faults.get(0)
        if opening is not None:
            self._refuse(opening.kind, True)
        else:
            self._answer(GREETING)

    def take(self, sent: Sequence[Message]) -> None:
        """Take what a client sends."""
        for message in sent:
            if not self.outcome.end:
                self._take(message[0], message[1:])
            self.outcome.handled(self.kept)

    def _answer(self, *answer: Any) -> None:
        self.outcome.answers.append(answer)
        self.outcome.flush()

    def _take(self, word: str, fields: Sequence[Any]) -> None:
        outcome, before, must = self.outcome, len(self.outcome.answers), self.outcome.must
        kind = self._fault(word, fields)
        if outcome.end:
            return
        if kind and kind not in ('abort', 'lost-reply'):
            self._fail(word, kind)
            return
        self._STEPS[word](self, *fields)
        if kind:    # it has been done, and that is all
            del outcome.answers[before:]
            outcome.must = must
            outcome.finish(CUT if kind == 'abort' else CLOSE)

    # -- faults

    def _name(self, word: str, fields: Sequence[Any]) -> str:
        if word in ('query', 'long query', 'load'):
            return str(fields[0]).ljust(fields[1] if word == 'long query' else 0)[:4096]
        if word == 'execute by id':
            return self.statement.text if self.statement else f'COM_STMT_EXECUTE {NO_ID}'
        if word in RUNS:    # by the text that the client has sent last, even if it could not be prepared
            return self.text or f'COM_STMT_{"BULK_" * (word == "bulk")}EXECUTE {NO_ID + 1}'
        return NAMES[word].format(*fields)

    def _fault(self, word: str, fields: Sequence[Any]) -> str:
        """Record a message that is drawn for, and return what happens in its place; empty: nothing."""
        if WRITE.get(word, ('', ONE))[1] is None:
            return ''
        outcome = self.outcome
        outcome.names.append(self._name(word, fields))
        self.text = fields[0] if word == 'prepare' else '' if word in ('reset', 'change user') else self.text
        fault = self.faults.get(len(outcome.names))
        if fault is None:
            return ''
        if fault.behavior == 'hang':
            outcome.finish(SILENCE)
        elif fault.behavior == 'blackout':
            outcome.finish(CUT)
        elif fault.kind == 'inject':
            outcome.garble()
        elif fault.behavior == 'abort':
            return 'abort'
        return fault.kind if fault.kind != 'inject' else ''

    def _fail(self, word: str, kind: str) -> None:
        """Fail in place of doing what is asked, with what the server does then."""
        if kind == 'deadlock':
            self._end(self.kept)
        if word == 'prepare':
            self.statement = None
        elif word == 'change user':
            self._forget()
        elif word in RUNS and self.statement is not None:
            self.statement.long, self.statement.rows = '', None
        self._refuse(kind, kind in CLOSING or word == 'login')

    def _refuse(self, kind: str, closes: bool) -> None:
        if kind in ERRORS:
            self._answer('ERR', ERRORS[kind])
        if closes:
            self.outcome.finish(CLOSE)

    # -- steps

    def _ready(self, *_: Any) -> None:
        self._answer(ONE)

    def _query(self, text: str, size: int = 0) -> None:
        results: list[Any] = []
        parts = [part for part in text.split(';') if part.strip()]
        try:
            for part in parts:
                verb, words = read(part)
                results += self._act(verb, words, ())
        except FailingError as failure:
            results.append(('ERR', int(str(failure))))
        self._answer(*(results[0] if len(results) == 1 and results[0][0] == 'ERR' else results))

    def _load(self, text: str, *lines: str) -> None:
        self._answer(('FILE', read(text)[1][0]))
        self.rows = (*self.rows, *(line.partition('\t')[2] for line in lines))
        self._done()
        self._answer(('OK', len(lines)))

    def _prepare(self, text: str) -> None:
        self.statement = None
        verb, _ = read(text)
        if verb in WRONG and verb != 'signal':
            return self._answer('ERR', WRONG[verb])
        self.statement = Statement(text)
        return self._answer('PREPARED', int(verb in READS), text.count('?'))

    def _execute(self, how: str, *values: str) -> None:
        statement = self.statement
        if statement is None:
            return self._answer('ERR', 1243)
        given = (statement.long,) if 'l' in how else values
        statement.long, statement.rows = '', None
        try:
            results = self._act(statement.verb, statement.words, given)
        except FailingError as failure:
            return self._answer('ERR', int(str(failure)))
        if 'c' in how and statement.verb in READS:
            statement.rows = list(results[0][1:])
            results = [('CURSOR',)]
        return self._answer(*results)

    def _bulk(self, how: str, *values: str) -> None:
        if self.statement is None:
            return self._answer('ERR', 1243)
        self.statement.long = ''
        self.rows = (*self.rows, *values)
        self._done()
        return self._answer(('OK', len(values)))

    def _fetch(self, count: int) -> None:
        statement = self.statement
        if statement is None or statement.rows is None:
            return self._answer('ERR', 1243 if statement is None else 1421)
        rows = statement.rows[:count]
        statement.rows = statement.rows[count:] if len(rows) == count else None     # it closes when it has found the end
        return self._answer('ROWS', *rows)

    def _long_data(self, value: str) -> None:
        if self.statement is not None:
            self.statement.long += value

    def _reset_statement(self) -> None:
        if self.statement is None:
            return self._answer('ERR', 1243)
        self.statement.long, self.statement.rows = '', None
        return self._answer(ONE)

    def _close(self) -> None:
        self.statement, self.text = None, ''

    def _use(self, name: str) -> None:
        self._answer(*((ONE,) if name == DATABASE else ('ERR', 1049)))

    def _fields(self) -> None:
        self._answer('ROWS', (), (), ())

    def _forget(self, answers: bool = False) -> None:
        self._end(self.kept)
        self.automatic, self.statement = True, None
        if answers:
            self._answer(ONE)

    def _quit(self) -> None:
        self._end(self.kept)
        self.outcome.finish(CLOSE)

    _STEPS: ClassVar[dict[str, Callable[..., None]]] = {
        'login': _ready, 'query': _query, 'long query': _query, 'load': _load, 'prepare': _prepare, 'execute': _execute,
        'execute by id': lambda self, number, *values: self._execute('', *values),
        'bulk': _bulk, 'fetch': _fetch, 'long data': _long_data, 'reset statement': _reset_statement, 'close': _close,
        'ping': _ready, 'statistics': _ready, 'use': _use, 'fields': _fields, 'quit': _quit,
        'reset': lambda self: self._forget(True), 'change user': lambda self: self._forget(True)}

    # -- statements

    def _act(self, verb: str, words: Sequence[str], values: Sequence[str]) -> list[Any]:
        """Do what a statement does; return its results."""
        if verb in WRONG:
            raise FailingError(str(WRONG[verb]))
        if verb in self._CONTROL:
            self._CONTROL[verb](self, *words)
            return [('OK', 0)]
        word = values[0] if values else words[0] if words else ''
        if verb == 'call':
            return [('ROWS', (word,)), ('ROWS', (word + '2',)), ('OK', 0)]
        if verb in READS:
            return [('ROWS', *((value,) for value in self._selected(verb, word, words)))]
        if verb in ('insert', 'insert large'):
            value, count = (word if verb == 'insert' else word * int(words[1])), 1
            self.rows = (*self.rows, value)
        elif verb == 'update':
            count = self.rows.count(words[1])
            self.rows = tuple(words[0] if row == words[1] else row for row in self.rows)
        else:
            count = self.rows.count(words[0])
            self.rows = tuple(row for row in self.rows if row != words[0])
        self._done()
        return [('OK', count)]

    def _selected(self, verb: str, word: str, words: Sequence[str]) -> Sequence[str]:
        if verb == 'mine':
            return self.rows
        if verb == 'many':
            return [f'{word}{number}' for number in range(1, int(words[1]) + 1)]
        return [word * int(words[1]) if verb == 'large' else word]

    # -- transactions

    def _done(self) -> None:
        """Keep what a statement has done, if that does not wait for COMMIT."""
        if self.automatic and not self.begun:
            self.kept = self.rows

    def _end(self, rows: Rows) -> None:
        self.rows = self.kept = rows
        self.begun, self.savepoints = False, []

    def _begin(self) -> None:
        self._end(self.rows)
        self.begun = True

    def _savepoint(self, name: str) -> None:
        if self.begun or not self.automatic:
            self.savepoints = [*((known, rows) for known, rows in self.savepoints if known != name), (name, self.rows)]

    def _back_to(self, name: str) -> None:
        at = self._find(name)
        self.rows = self.savepoints[at][1]
        del self.savepoints[at + 1:]

    def _release(self, name: str) -> None:
        del self.savepoints[self._find(name):]

    def _find(self, name: str) -> int:
        names = [known for known, _ in self.savepoints]
        if name not in names:
            raise FailingError('1305')
        return names.index(name)

    def _switch(self, value: str) -> None:
        if value == '1' and not self.automatic:
            self._end(self.rows)
        self.automatic = value == '1'

    _CONTROL: ClassVar[dict[str, Callable[..., None]]] = {
        'begin': _begin, 'commit': lambda self: self._end(self.rows), 'rollback': lambda self: self._end(self.kept),
        'savepoint': _savepoint, 'back to': _back_to, 'release': _release, 'automatic': _switch, 'do': lambda self, word: None,
        'names': lambda self: None}


#: verbs of statements that fail, and how
WRONG = {'no sql': 1064, 'no table': 1146, 'signal': 1644}
#: verbs of statements that have rows
RUNS = ('execute', 'execute by id', 'bulk')
READS = ('ask', 'many', 'large', 'mine')
#: the names of messages in the journal
NAMES = {'login': f'login {USER} {DATABASE}', 'prepare': 'COM_STMT_PREPARE {}', 'fetch': 'COM_STMT_FETCH 4294967295',
         'reset statement': 'COM_STMT_RESET 4294967295', 'ping': 'COM_PING', 'statistics': 'COM_STATISTICS',
         'use': 'COM_INIT_DB {}', 'fields': 'COM_FIELD_LIST hunt', 'reset': 'COM_RESET_CONNECTION',
         'change user': f'COM_CHANGE_USER {USER}'}
