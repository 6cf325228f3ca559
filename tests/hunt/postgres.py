"""PostgreSQL: Query, extended messages with any mix of Flush and Sync, pipelines, portals, transactions, COPY, cancel requests.

Each session has rows of its own, so that a model of one client at a time knows every answer. A request is a unit of messages:
see ``postgres_plan``.
"""
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

import psycopg

from tests.support.peers import READ
from tests.support.postgres_talk import SSL, packet
from tests.support.processes import HOST, folder
from tests.support.servers import DATABASE, USER, postgres_server
from tests.support.unit_of_time import MS
from vaurien.protocols.postgres.failures import KINDS

from .clients import PATIENCE, STALL, Raw, tap
from .direct import Direct
from .oracle import Seen, shown
from .postgres_library import Library
from .postgres_model import Server
from .postgres_plan import Planner
from .postgres_wire import WRITE, answers, ready
from .subject import Client
from .units import Message, Unit
from .verdict import Outcome, judge, possible

#: after units whose answers cannot be counted beforehand, and after Terminate
ENDLESS = 10 ** 9
CANCEL_REQUEST = 80877102
SET_UP = 'CREATE UNLOGGED TABLE hunt (id serial, s text, v text); CREATE INDEX ON hunt (s)'
PAUSE = 10 * MS         #: [s] between two requests to cancel a statement: one that comes before it has begun has no effect
#: units that are said in a way of their own, by their first message
MIXED, LIBPQ, CANCELLED = 'mixed', 'libpq', 'cancelled'


class PostgreSQL:
    """The subject; see ``subject.Subject``."""

    name = 'postgres'
    kinds = tuple(sorted(name for name, kind in KINDS.items() if not kind.only_named))
    lossy = True
    patient = False

    @contextlib.contextmanager
    def server(self) -> Iterator[Any]:
        """Run PostgreSQL, which believes each client, and sleeps for none that has gone."""
        with folder() as where:
            where.chmod(0o755)
            trust = where / 'trust.conf'
            trust.write_text(f'host all all {HOST}/32 trust\n')
            trust.chmod(0o644)
            with postgres_server('-c', f'hba_file={trust}', '-c', 'max_connections=200', '-c', 'autovacuum=off',
                                 '-c', 'client_connection_check_interval=50') as server:
                with direct(server.address) as connection:
                    connection.execute(SET_UP)
                try:
                    yield server
                finally:
                    direct.close()

    def plan(self, random: Random, word: str) -> tuple[dict[str, Any], list[list[Any]]]:
        planner = Planner(random, f's{word}')
        if random.random() < 0.15:
            return {'as': 'psycopg', 'real': True, 'first': '', 'word': f's{word}'}, [
                [planner.common() for _ in range(random.randint(1, 3))] for _ in range(random.randint(1, 4))]
        says = [[planner.unit() for _ in range(random.choice((1, 1, 2, 3)))] for _ in range(random.randint(1, 4))]
        if random.random() < 0.1:
            says[-1].append([['X']])
        return {'as': 'raw', 'first': random.choice(('', '', '', '', 'ssl')), 'word': f's{word}'}, says

    def connect(self, plan: dict[str, Any], port: int) -> Client:
        return Library(port, plan['word']) if plan['as'] == 'psycopg' else PlainClient(port, plan)

    def judge(self, seen: Seen) -> list[str]:
        return judge(seen, came(seen), outcome(seen))

    def inspect(self, address: str, seen: Sequence[Seen]) -> list[str]:
        kept = fetch(address, [session.plan['word'] for session in seen])
        wrong = []
        for session in seen:
            mine, may = kept.get(session.plan['word'], ()), possible(session, len(came(session)), outcome(session))
            if mine not in may:
                wrong.append(f'session {session.number}: the server has {shown(mine)}, and not {shown(may)}')
        return wrong


SUBJECT = PostgreSQL()


def came(seen: Seen) -> list[Any]:
    """Return the answers that a session got."""
    skip = 1 if seen.plan['first'] else 0
    found = [*((byte,) for byte in seen.got[:skip].decode('latin-1')), *answers(seen.got, skip)[0]]
    if seen.cut and found[-1:] == [('E', '08006')]:     # what a server tells whose client is gone in the midst of COPY
        found.pop()
    # a statement is cancelled before its columns are told, or afterwards; and they may be the last that comes
    return [answer for at, answer in enumerate(found) if answer != ('T', 3) or found[at + 1:at + 2] not in ([], [('E', '57014')])]


def outcome(seen: Seen) -> Outcome:
    """Return what was to come of what a session has said."""
    server = Server(seen.faults)
    if seen.plan['first']:
        server.outcome.answers.append(('N',))
    server.take([startup(seen.plan)])
    for unit in seen.asked:
        if unit[0][0] == LIBPQ:
            server.take(unit[1:5])
            server.take(unit[5:] if server.copying else [])
        else:
            server.take(unit[1:] if unit[0][0] in (MIXED, CANCELLED) else unit)
    return server.outcome


def startup(plan: dict[str, Any]) -> Message:
    """Return the first message of a session."""
    return ['startup', USER, DATABASE, plan['word']]


def written(messages: Sequence[Message]) -> bytes:
    """Return the bytes of messages."""
    return b''.join(WRITE[code](*fields) for code, *fields in messages)


def encode(asks: Sequence[Unit]) -> tuple[bytes, int]:
    """Return the bytes of units, and how often the server will be ready for the next query."""
    data, due = [], 0
    for unit in asks:
        messages = unit[1:] if unit[0][0] == MIXED else unit
        data.append(written(messages))
        due += ENDLESS if unit[0][0] in (MIXED, 'X') else sum(message[0] in ('S', 'Q') for message in messages)
    return b''.join(data), due


class PlainClient(Raw):
    """A client that says each message itself.

    Args:
        port: The proxy's.
        plan: How it is opened; ``first``: it asks for TLS before, and is refused.

    Attributes:
        todo: Units that are still to be said: where something else has to come before, they wait until answers are heard.
    """

    def __init__(self, port: int, plan: dict[str, Any]) -> None:
        super().__init__(port, encode, ready)
        self._port = port
        self.todo: list[Unit] = []
        self._begun = False     # the first part of the first of them has been said
        if plan['first']:
            self.send(SSL)
            self.until(lambda: bool(self.sock.got), patient())
            self._at = 1
        self.send(written([startup(plan)]))
        self._due = 1

    def send(self, data: bytes) -> None:
        """Send something; whether that fails, reading will tell."""
        self.sock.settimeout(PATIENCE)
        with contextlib.suppress(OSError):
            self.sock.sendall(data)

    def until(self, enough: Callable[[], bool], vain: Callable[[], bool]) -> bool:
        """Read until it is enough; return False where the connection has ended before, or ``vain()`` says so in a silence."""
        while not enough():
            if self.end or not self.read(PAUSE) and vain():
                return False
        return True

    def say(self, asks: Sequence[Unit]) -> int:
        self.todo += asks
        self._go_on(patient(STALL))
        return len(asks)

    def hear(self, content: Callable[[], bool]) -> None:
        late = patient()

        def vain() -> bool:
            self.silent = late()
            return self.silent or content()
        if self._go_on(vain):
            super().hear(content)

    def _go_on(self, vain: Callable[[], bool]) -> bool:
        """Say all that is to be said, and return whether that was possible."""
        while self.todo and not self.end:
            unit = self.todo[0]
            if unit[0][0] not in self._SPECIAL:
                super().say([unit])
            elif not (self._begun or self.until(self._complete, vain)) or not self._SPECIAL[unit[0][0]](self, unit[1:], vain):
                return False
            del self.todo[0]
        return True

    def _begin(self, messages: Unit) -> None:
        if not self._begun:
            self._begun, self._due, self._from = True, 1, self._at
            self.send(written(messages))

    def _as_libpq(self, messages: Unit, vain: Callable[[], bool]) -> bool:
        """Send the data of a COPY once the server asks for it."""
        self._begin(messages[:4])
        if not self.until(lambda: any(answer in DECIDED for answer in answers(self.got, self._from)[0]), vain):
            return False
        if ('G',) in answers(self.got, self._from)[0]:
            self.send(written(messages[4:]))
        self._begun = False
        return True

    def _cancelled(self, messages: Unit, vain: Callable[[], bool]) -> bool:
        """Cancel a statement, again and again until it ends."""
        def still() -> bool:
            self._cancel()
            return vain()
        self._begin(messages)
        self._begun = not self.until(self._complete, still)
        return not self._begun

    def _cancel(self) -> None:
        at = self.got.find(KEY)
        if at < 0:
            return
        with contextlib.suppress(OSError), tap(self._port) as sock:
            sock.sendall(packet(CANCEL_REQUEST, self.got[at + len(KEY):at + len(KEY) + 8]))
            while sock.recv(READ):
                pass

    _SPECIAL = {LIBPQ: _as_libpq, CANCELLED: _cancelled}


def patient(seconds: float = PATIENCE) -> Callable[[], bool]:
    """Return what returns True once so many seconds have passed."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


#: what tells whether a COPY has begun
DECIDED = (None, ('G',), ('Z', 'I'), ('Z', 'T'), ('Z', 'E'))
#: what BackendKeyData begins with
KEY = b'K\0\0\0\x0c'


def connected(address: str) -> Any:
    """Connect to the server itself."""
    host, _, port = address.rpartition(':')
    return psycopg.connect(host=host, port=int(port), user=USER, dbname=DATABASE, autocommit=True,
                           connect_timeout=max(2, round(PATIENCE)), options=f'-c statement_timeout={PATIENCE * 1000:.0f}')


direct = Direct(connected)


#: all that came from these sessions has been done once they have gone
GONE = 'SELECT count(*) FROM pg_stat_activity WHERE application_name = ANY(%s)'


def fetch(address: str, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Take what sessions have left, when the server has done with them, and remove it there."""
    names, late = list(words), patient()
    kept: dict[str, tuple[str, ...]] = {}
    with direct(address) as server:
        while server.execute(GONE, (names,)).fetchone() != (0,):
            if late():
                raise TimeoutError(f'the server is not done with {names}')
            time.sleep(PAUSE / 2)
        for word, value in server.execute('SELECT s, v FROM hunt WHERE s = ANY(%s) ORDER BY id', (names,)):
            kept[word] = (*kept.get(word, ()), value)
        if kept:
            server.execute('DELETE FROM hunt WHERE s = ANY(%s)', (names,))
    return kept
