"""What a PostgreSQL server answers and keeps, message by message, that fails as a journal says. Knows no socket and no vaurien.

Its SQL is the vocabulary of ``postgres_sql``; what it answers was held against release 15. Answers are tuples: the code of the
message, and what of its content can be told beforehand.
"""
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from .oracle import Fault
from .postgres_sql import CONTROL, EXITS, NOTHING, Statement, read, several
from .postgres_transaction import BLOCK, FAILED, IDLE, FailingError, Rows, Transaction
from .verdict import CLOSE, CUT, SILENCE, Outcome

Message = Sequence[Any]     #: what a client sends: its code, then its fields

#: by kind, the SQLSTATE of an error after which the connection goes on
ERRORS = {'serialization-failure': '40001', 'deadlock': '40P01', 'read-only': '25006', 'recovery-conflict': '40001',
          'lock-not-available': '55P03', 'query-canceled': '57014', 'disk-full': '53100', 'out-of-memory': '53200'}
#: by kind, the last words of a connection
ENDS = {'admin-shutdown': ('E', '57P01'), 'crash-shutdown': ('N', '57P02'), 'too-many-connections': ('E', '53300'),
        'starting-up': ('E', '57P03'), 'shutting-down': ('E', '57P03'), 'in-recovery': ('E', '57P03'),
        'wrong-password': ('E', '28P01'), 'no-such-database': ('E', '3D000')}
#: messages without an effect beside COPY: what a client still sends after a COPY that has failed
STRAY = ('d', 'c', 'f')
ABORT = 'abort'


class Portal:
    """A bound statement, and how many of its rows have been sent."""

    def __init__(self, statement: Statement, values: Sequence[str]) -> None:
        self.statement, self.values, self.sent = statement, values, 0
        self.rows: list[tuple[str, ...]] | None = None      # None: it has not run


class Server(Transaction):
    """One session at the server's side.

    Args:
        faults: What the journal says, by the number of the exchange.

    Attributes:
        outcome: What is answered and kept so far.
    """

    def __init__(self, faults: Mapping[int, Fault]) -> None:
        super().__init__()
        self.faults = faults
        self.skipping, self.copying = False, ''
        self.statements: dict[str, Statement] = {}
        self.portals: dict[str, Portal] = {}
        self.texts: dict[str, str] = {}     # by name, what the client has last sent, whether the server has taken it or not
        self.bound: dict[str, str] = {}
        self.lines: list[str] = []          # of a COPY
        self.outcome = Outcome()

    def take(self, sent: Sequence[Message]) -> None:
        """Take what a client sends."""
        for message in sent:
            if not self.outcome.end:
                self._take(*message)
            self.outcome.handled(self.kept)

    def _answer(self, *answer: Any) -> None:
        self.outcome.answers.append(answer)

    def _take(self, code: str, *fields: Any) -> None:
        self._see(code, fields)
        outcome, before = self.outcome, len(self.outcome.answers)
        kind = self._fault(code, fields)
        if outcome.end:
            return
        self._handle(code, fields, kind)
        if kind == ABORT:   # it has arrived, and that is all
            del outcome.answers[before:]
            outcome.finish(CUT)

    def _handle(self, code: str, fields: Sequence[Any], kind: str) -> None:
        kind = '' if kind == ABORT else kind
        if self.copying:
            self._copy(code, fields)
        elif self.skipping and code != 'S':
            return
        elif code == 'Q':
            self._query(fields[0], kind)
        elif code not in STRAY:
            try:
                if kind:
                    self._fail(self._bound_verb(fields[0]), kind)
                self._STEPS[code](self, *fields)
            except FailingError as failure:
                self._failed(str(failure))
                self.skipping = True

    # -- faults

    def _see(self, code: str, fields: Sequence[Any]) -> None:
        """Record what is said of statements, as the client sees it."""
        if code == 'P':
            self.texts[fields[0]] = fields[1]
        elif code == 'B':
            self.bound[fields[0]] = self.texts.get(fields[1], '')
        elif code == 'C':
            (self.texts if fields[0] == 'S' else self.bound).pop(fields[1], None)

    def _fault(self, code: str, fields: Sequence[Any]) -> str:
        """Record a message that is drawn for, and do what ends the connection at it; return the kind of its error."""
        name = {'startup': lambda: 'startup user={} database={}'.format(*fields[:2]), 'Q': lambda: fields[0],
                'E': lambda: self.bound.get(fields[0]) or 'Execute'}.get(code)
        if name is None:
            return ''
        outcome = self.outcome
        outcome.names.append(name())
        fault = self.faults.get(len(outcome.names))
        if fault is None:
            return ''
        if fault.behavior == 'hang':
            outcome.finish(SILENCE)
        elif fault.behavior == 'blackout':
            outcome.finish(CUT)
        elif fault.behavior == 'abort':
            return ABORT
        elif fault.kind == 'inject':
            outcome.garble()
        elif fault.behavior in ('error', 'transient') and fault.kind in ENDS:
            self._answer(*ENDS[fault.kind])     # also in a group that is skipped: a server that ends says so at any time
            outcome.flush()
            outcome.finish(CLOSE)
        elif not self.skipping and fault.kind:
            return fault.kind
        return ''

    def _fail(self, verb: str, kind: str) -> None:
        if verb == 'commit':
            self.end(self.kept)
        raise FailingError(ERRORS[kind])

    def _failed(self, state: str) -> None:
        """Answer an error, and do what it does to the transaction."""
        self._answer('E', state)
        self.outcome.flush()
        self.copying = ''
        if self.status == IDLE:
            self.end(self.kept)
        else:
            self.status = FAILED

    # -- Query

    def _query(self, text: str, kind: str) -> None:
        try:
            statements = several(text)
            if not statements and not kind:
                self._answer('I')
            if any(found.verb == 'no sql' for found in statements) and not kind:
                raise FailingError('42601')
            self.statements.pop('', None)
            self.portals.pop('', None)
            for statement in statements:
                if kind and statement.verb != 'begin':
                    self._fail(statement.verb, kind)
                if kind:    # fails together with what it opens, and has no answer of its own
                    self.status = BLOCK if self.status == IDLE else self.status
                    continue
                self._check(statement)
                self._analyze(statement)
                portal = Portal(statement, ())
                self._columns(portal)
                if self._perform(portal, 0):
                    self.copying = 'Q'
                    return
        except FailingError as failure:
            self._failed(str(failure))
        self._ready()

    def _ready(self) -> None:
        if self.status == IDLE:
            self.end(self.rows)
        self._answer('Z', self.status)
        self.outcome.flush()

    def _columns(self, portal: Portal) -> None:
        if portal.statement.columns and portal.statement.verb != 'sleep':   # it may be cancelled before
            self._answer('T', portal.statement.columns)

    def _check(self, statement: Statement) -> None:
        if self.status == FAILED and statement.verb and statement.verb not in EXITS:
            raise FailingError('25P02')

    @staticmethod
    def _analyze(statement: Statement) -> None:
        states = {'no sql': '42601', 'no table': '42P01', 'no number': '22P02'}
        if statement.verb in states:
            raise FailingError(states[statement.verb])

    # -- the extended protocol

    def _start_up(self, *who: str) -> None:
        self._answer('R', 0)
        self._ready()

    def _parse(self, name: str, text: str) -> None:
        if not name:
            self.statements.pop('', None)
        statement = read(text)
        if statement.verb == 'no sql':
            raise FailingError('42601')
        self._check(statement)
        self._analyze(statement)
        if name and name in self.statements:
            raise FailingError('42P05')
        self.statements[name] = statement
        self._answer('1')

    def _bind(self, portal: str, name: str, *values: str) -> None:
        if name not in self.statements:
            raise FailingError('26000')
        statement = self.statements[name]
        if values and self.status == FAILED:
            raise FailingError('25P02')
        self._check(statement)
        if portal and portal in self.portals:
            raise FailingError('42P03')
        self.portals[portal] = Portal(statement, values)
        self._answer('2')

    def _describe(self, kind: str, name: str) -> None:
        if kind == 'S':
            if name not in self.statements:
                raise FailingError('26000')
            statement = self.statements[name]
        else:
            if name not in self.portals:
                raise FailingError('34000')
            statement = self.portals[name].statement
        if self.status == FAILED and statement.columns:
            raise FailingError('25P02')
        if kind == 'S':
            self._answer('t', 1 if statement.verb in ('ask for', 'insert it') else 0)
        self._answer(*(('T', statement.columns) if statement.columns else ('n',)))

    def _bound_verb(self, portal: str) -> str:
        return self.portals[portal].statement.verb if portal in self.portals else ''

    def _execute(self, name: str, most: int) -> None:
        if name not in self.portals:
            raise FailingError('34000')
        portal = self.portals[name]
        if portal.statement is NOTHING:
            return self._answer('I')
        self._check(portal.statement)
        if self._perform(portal, most):
            self.copying = 'E'
        return None

    def _close(self, kind: str, name: str) -> None:
        (self.statements if kind == 'S' else self.portals).pop(name, None)
        self._answer('3')

    def _flush(self) -> None:
        self.outcome.flush()

    def _sync(self) -> None:
        self.skipping = False
        self._ready()

    def _leave(self) -> None:
        """The client leaves, and the server hangs up; what has not been committed is gone."""
        self.end(self.kept)
        self.outcome.finish(CLOSE)

    _STEPS: ClassVar[dict[str, Callable[..., None]]] = {
        'startup': _start_up, 'P': _parse, 'B': _bind, 'D': _describe, 'E': _execute, 'C': _close, 'H': _flush, 'S': _sync,
        'X': _leave}

    # -- statements

    def _perform(self, portal: Portal, most: int) -> bool:
        """Run a statement, or more of it; return whether the client has to send data now."""
        statement = portal.statement
        if portal.rows is None:
            tag, portal.rows = self._act(statement, portal.values)
            if statement.verb == 'copy in':
                self.lines = []
                self._answer('G')
                self.outcome.flush()
                return True
            if statement.verb == 'copy out':
                return self._copy_out(*statement.words)
        elif statement.columns:
            tag = 'SELECT'
        else:
            raise FailingError('55000')
        rows = portal.rows[portal.sent:portal.sent + most] if most else portal.rows[portal.sent:]
        portal.sent += len(rows)
        self.outcome.answers.extend(('D', *row) for row in rows)
        if most and len(rows) == most:
            self._answer('s')
        else:
            self._answer('C', f'SELECT {len(rows)}' if tag == 'SELECT' else tag)
        return False

    def _act(self, statement: Statement, values: Sequence[str]) -> tuple[str, list[tuple[str, ...]]]:
        """Do what a statement does; return its tag and its rows."""
        verb, words = statement.verb, statement.words
        if verb in CONTROL:
            return self.control(verb, *words), []
        if verb in ('set', 'copy in'):
            return verb.upper(), []
        if verb in ('insert', 'insert it', 'insert and ask'):
            value = values[0] if verb == 'insert it' else words[0]
            self.rows = (*self.rows, value)
            return 'INSERT 0 1', [(value,)] if verb == 'insert and ask' else []
        if verb == 'update':
            count = self.rows.count(words[1])
            self.rows = tuple(words[0] if row == words[1] else row for row in self.rows)
            return f'UPDATE {count}', []
        if verb == 'delete':
            count = self.rows.count(words[0])
            self.rows = tuple(row for row in self.rows if row != words[0])
            return f'DELETE {count}', []
        if verb == 'notice':
            self._answer('N', words[0])
            return 'DO', []
        if verb == 'late':
            raise FailingError('22012')
        if verb == 'sleep':
            raise FailingError('57014')     # its client cancels it
        return 'SELECT', self._selected(verb, words, values)

    def _selected(self, verb: str, words: Sequence[str], values: Sequence[str]) -> list[tuple[str, ...]]:
        if verb == 'mine':
            return [(row,) for row in self.rows]
        if verb == 'many':
            return [(f'{words[0]}{number}',) for number in range(1, int(words[1]) + 1)]
        if verb == 'large':
            return [(words[0] * int(words[1]),)]
        return [(values[0] if verb == 'ask for' else words[0],)] if verb.startswith('ask') else []

    def end(self, rows: Rows) -> None:
        super().end(rows)
        self.portals = {}

    # -- COPY

    def _copy(self, code: str, fields: Sequence[Any]) -> None:
        """Take what a client sends in the middle of COPY FROM STDIN."""
        if code == 'd':
            self.lines.append(fields[0])
        elif code in ('c', 'f'):
            query, self.copying = self.copying == 'Q', ''
            try:
                if any('\t' not in line for line in self.lines):
                    raise FailingError('22P04')
                if code == 'f':
                    raise FailingError('57014')
                self.rows = (*self.rows, *(line.partition('\t')[2] for line in self.lines))
                self._answer('C', f'COPY {len(self.lines)}')
            except FailingError as failure:
                self._failed(str(failure))
                self.skipping = not query
            if query:
                self._ready()

    def _copy_out(self, word: str, count: str) -> bool:
        self._answer('H')
        self.outcome.answers.extend(('d', f'{word}{number}\n') for number in range(1, int(count) + 1))
        self._answer('c')
        self._answer('C', f'COPY {count}')
        return False
