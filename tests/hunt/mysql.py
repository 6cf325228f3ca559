"""MySQL: text and prepared statements, several in one text, procedures, cursors, bulks, long data, LOCAL INFILE, new logins.

Each session has rows of its own, so that a model of one client at a time knows every answer. A request is a unit of messages:
see ``mysql_plan``.
"""
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

import pymysql

from tests.support.processes import HOST
from tests.support.servers import DATABASE, PASSWORD, mariadb_server
from tests.support.servers import USER as ADMIN
from tests.support.unit_of_time import MS
from vaurien.protocols.mysql.failures import ERRORS

from .clients import PATIENCE, Raw, Tapped, tap
from .direct import Direct
from .mysql_model import Server
from .mysql_plan import Planner
from .mysql_wire import (
    GREETING,
    NO_ID,
    NO_PASSWORD,
    ONE,
    PREPARED,
    SWITCH,
    USER,
    WRITE,
    Incomplete,
    Reader,
    answers,
    data,
    login,
)
from .oracle import Seen, shown
from .subject import Client
from .units import Message, Unit
from .verdict import Outcome, judge, possible

#: messages before which all must be answered, and what the client does may depend on the first packet of their own answers
ALONE = ('login', 'load', 'change user', 'execute by id')
PAUSE = 5 * MS      #: [s] between two looks whether the server is done
LOCAL_INFILE = 0xFB
SET_UP = (
    'CREATE TABLE hunt (id INT AUTO_INCREMENT, s VARCHAR(64), v LONGTEXT, PRIMARY KEY (s, id), KEY (id)) CHARSET utf8mb4 '
    'STATS_PERSISTENT = 1 STATS_AUTO_RECALC = 0',
    # with so many rows a statement looks for its own by the key, and does not wait for those of another session
    "INSERT INTO hunt (s, v) SELECT CONCAT('none', seq), seq FROM seq_1_to_1000",
    'ANALYZE TABLE hunt',
    "CREATE PROCEDURE hunt_two(t VARCHAR(64)) BEGIN SELECT t; SELECT CONCAT(t, '2'); END",
    f"CREATE USER {USER}@'%' IDENTIFIED VIA mysql_native_password USING ''",
    f"GRANT ALL ON *.* TO {USER}@'%'",
)


class MySQL:
    """The subject; see ``subject.Subject``."""

    name = 'mysql'
    kinds = tuple(sorted(name for name, kind in ERRORS.items() if not kind.only_named))
    lossy = True
    patient = False

    @contextlib.contextmanager
    def server(self) -> Iterator[Any]:
        """Run MariaDB, where no session locks rows of another one, with a user without a password."""
        with mariadb_server('--transaction-isolation=READ-COMMITTED', '--max-connections=300', '--max-allowed-packet=64M',
                            '--local-infile=1', '--thread-cache-size=50', '--max-connect-errors=1000000000') as server:
            for text in SET_UP:
                run(server.address, text)
            try:
                yield server
            finally:
                direct.close()

    def plan(self, random: Random, word: str) -> tuple[dict[str, Any], list[list[Any]]]:
        real = random.random() < 0.2
        planner = Planner(random, f's{word}')
        if real:
            return {'as': 'PyMySQL', 'real': True, 'modern': False, 'word': f's{word}'}, [
                [planner.query() for _ in range(random.randint(1, 3))] for _ in range(random.randint(1, 4))]
        says = [[planner.unit() for _ in range(random.choice((1, 1, 2, 3)))] for _ in range(random.randint(1, 4))]
        if random.random() < 0.1:
            says[-1].append([['quit']])
        return {'as': 'raw', 'modern': random.random() < 0.5, 'word': f's{word}'}, says

    def connect(self, plan: dict[str, Any], port: int) -> Client:
        return RealClient(port) if plan['as'] == 'PyMySQL' else PlainClient(port, plan)

    def judge(self, seen: Seen) -> list[str]:
        return judge(seen, came(seen), outcome(seen))

    def inspect(self, address: str, seen: Sequence[Seen]) -> list[str]:
        threads = {session.number: int.from_bytes(after_version(session.got)[:4], 'little') for session in seen}
        kept = fetch(address, list(threads.values()), [session.plan['word'] for session in seen])
        wrong = []
        for session in seen:
            mine, may = kept.get(session.plan['word'], ()), possible(session, len(came(session)), outcome(session))
            if mine not in may:
                wrong.append(f'session {session.number}: the server has {shown(mine)}, and not {shown(may)}')
        return wrong


SUBJECT = MySQL()


def after_version(got: bytes) -> bytes:
    """Return the greeting from the number of the connection on."""
    return got[5:200].partition(b'\0')[2] if got[4:5] == b'\x0a' else b''


def opening(plan: dict[str, Any]) -> Unit:
    """Return what a client says of its own accord once it has logged in."""
    return [['query', 'SET NAMES utf8mb4']] if plan['as'] == 'PyMySQL' else []


def came(seen: Seen) -> list[Any]:
    """Return the answers that a session got."""
    said = [*opening(seen.plan), *(message for unit in seen.asked for message in unit)]
    shapes = [shape for word, *_ in said if (shape := WRITE[word][1])]
    return answers(seen.got, [GREETING, ONE, *shapes], seen.plan['modern'])[0]


def outcome(seen: Seen) -> Outcome:
    """Return what was to come of what a session has said."""
    server = Server(seen.faults)
    server.take([['login'], *opening(seen.plan)])
    for unit in seen.asked:
        server.take(unit)
    return server.outcome


class PlainClient(Raw):
    """A client that says each message itself.

    Args:
        port: The proxy's.
        plan: How it is opened; ``modern``: without EOF packets.

    Attributes:
        todo: Messages that are still to be said: where something else has to come before, they wait until answers are heard.
        due: The shapes of the answers that are due.
    """

    def __init__(self, port: int, plan: dict[str, Any]) -> None:
        super().__init__(port, lambda asks: (b'', 0), lambda got, at: 0)
        self._modern = plan['modern']
        self.todo: list[Message] = [['login']]
        self.due = [GREETING]
        self._ended = False     # the server closes after what was said
        self._begun = False     # the first of them has been said, and its answer has not come
        self._prepared = NO_ID  # the id of the statement that was prepared last

    def say(self, asks: Sequence[Unit]) -> int:
        self.todo += [message for unit in asks for message in unit]
        self._go_on(lambda: True)
        return len(asks)

    def hear(self, content: Callable[[], bool]) -> None:
        vain = self.in_vain(content)
        if self._go_on(vain):
            self._until(self._complete, vain)

    def _until(self, enough: Callable[[], bool], vain: Callable[[], bool]) -> bool:
        return self.read_until(enough, vain, 10 * PAUSE)

    def _go_on(self, vain: Callable[[], bool]) -> bool:
        """Say all that is to be said, and return whether that was possible."""
        while self.todo and not self.end:
            together = next((at for at, message in enumerate(self.todo) if message[0] in ALONE), len(self.todo))
            if together:
                self._send(b''.join(self._write(message) for message in self.todo[:together]))
                del self.todo[:together]
            elif not (self._begun or self._until(self._complete, vain)) or not self._alone(self.todo[0], vain):
                return False
            else:
                del self.todo[0]
        return not self.todo

    def _write(self, message: Message) -> bytes:
        write, shape = WRITE[message[0]]
        if shape:
            self.due.append(shape)
        self._ended = self._ended or message[0] == 'quit'
        return write(*message[1:])

    def _alone(self, message: Message, vain: Callable[[], bool]) -> bool:
        """Say what needs all answers before it; return whether that was possible."""
        if message[0] == 'login':
            if after_version(self.got):     # otherwise the server refuses, and closes
                self.due.append(ONE)
                self._send(login(self._modern))
            return True
        at = self._at
        if not self._begun:
            self._send(self._write([message[0], self._prepared, *message[2:]] if message[0] == 'execute by id' else message))
            self._begun = True
        if not self._until(lambda: self._first(at) > 0, vain):
            return False
        self._begun = False
        if message[0] == 'load' and self.got[at + 4] == LOCAL_INFILE:
            self._at = self._first(at)
            self._send(data(*message[2:]))
        elif self.got.startswith(SWITCH, at + 4):
            self._send(NO_PASSWORD)
        return True

    def _first(self, at: int) -> int:
        """Return where the packet at an offset ends; 0: it has not come."""
        reader = Reader(self.got, at, self._modern)
        with contextlib.suppress(Incomplete):
            reader.packet()
            return reader.at
        return 0

    def _send(self, content: bytes) -> None:
        self.sock.settimeout(PATIENCE)
        with contextlib.suppress(OSError):      # reading will tell
            self.sock.sendall(content)

    def _complete(self) -> bool:
        while self.due:
            reader = Reader(self.got, self._at, self._modern)
            try:
                reader.answer(self.due[0])
            except Incomplete:
                return False
            except (ValueError, IndexError):
                return False
            self._at = reader.at
            if self.due[0] is PREPARED:
                self._prepared = reader.prepared
            del self.due[0]
        return not self._ended


class RealClient(Tapped):
    """PyMySQL; it logs in when something is to be said, and hears each answer before it says more."""

    def __init__(self, port: int) -> None:
        super().__init__(tap(port))
        self._begun = False
        self._library = pymysql.Connection(host=HOST, user=USER, database=DATABASE, defer_connect=True, autocommit=None,
                                           ssl_disabled=True, read_timeout=PATIENCE)

    def say(self, asks: Sequence[Unit]) -> int:
        said = 0
        self._try(self._log_in)
        for ((_, text),) in asks:
            if not self._library.open or self.end:
                break
            said += 1
            self._try(lambda text=text: self._run(text))    # type: ignore[misc]
        return said

    def hear(self, content: Callable[[], bool]) -> None:
        self._try(self._log_in)
        super().hear(content)

    def leave(self, how: str) -> None:
        super().leave(how)
        self._library._force_close()    # the library's file keeps the socket open

    def _log_in(self) -> None:
        if not self._begun:
            self._begun = True
            self._library.connect(self.sock)

    def _run(self, text: str) -> None:
        with self._library.cursor() as cursor:
            cursor.execute(text)

    def _try(self, call: Callable[[], None]) -> None:
        """Do something; what the server answers is in the bytes."""
        try:
            call()
        except pymysql.MySQLError:
            pass
        except Exception as error:  # noqa: BLE001 - it is what is looked for
            self.raised.append(repr(error))


def run(address: str, text: str, *values: Any) -> Any:
    """Run a statement on the server itself; return its rows."""
    with direct(address) as connection, connection.cursor() as cursor:
        cursor.execute(text, values or None)
        return cursor.fetchall()


def connected(address: str) -> Any:
    """Connect to the server itself."""
    host, _, port = address.rpartition(':')
    return pymysql.connect(host=host, port=int(port), user=ADMIN, password=PASSWORD, database=DATABASE, autocommit=True,
                           read_timeout=PATIENCE, write_timeout=PATIENCE)


direct = Direct(connected)


def fetch(address: str, threads: Sequence[int], words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Take what sessions have left, when the server has done with them, and remove it there."""
    if not words:
        return {}
    until = time.monotonic() + PATIENCE
    while threads and run(address, 'SELECT id FROM information_schema.processlist WHERE id IN %s', threads):
        if time.monotonic() > until:
            raise TimeoutError(f'the server is not done with {words}')
        time.sleep(PAUSE)
    kept: dict[str, tuple[str, ...]] = {}
    for word, value in run(address, 'SELECT s, v FROM hunt WHERE s IN %s ORDER BY id', words):
        kept[word] = (*kept.get(word, ()), value)
    if kept:
        run(address, 'DELETE FROM hunt WHERE s IN %s', words)
    return kept
