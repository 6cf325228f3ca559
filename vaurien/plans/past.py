"""What a replay needs of the journal of an earlier run: its exchanges, in the order in which they began, and their faults.

Knows the lines of a journal as a reader of the documentation does: types and fields that it does not know are passed over.
"""
from binascii import crc32
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from sys import intern
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

import msgspec

from ..errors import ConfigError
from ..protocols.base import OPENING
from ..spec import FaultSpec

VERSION = 1         #: of the form of the lines that can be read
MAX_NAME = 256      #: [characters] of a request's name, and of its shape, that a journal has
#: words for what an error was that is no kind of the protocol's
NO_KINDS = ('inject', 'random-bytes', 'edited')
#: options that count exchanges: what was applied once is applied at its request
COUNTING = ('match', 'warmup', 'first', 'quota', 'bucket')
#: what the error of a mix is told by
KIND = 'kind'


class Line(msgspec.Struct, gc=False):
    """Any line of a journal, as far as a replay needs it."""

    type: str = ''
    version: int = 0
    seed: int = 0
    plan: list[dict[str, Any]] = []
    time: float = 0.0
    proxy: str = ''
    mix: list[dict[str, Any]] = []
    session: int = 0
    number: int = 0
    name: str = ''
    shape: str = ''
    fault: str = ''
    test: str = ''
    stage: str = ''
    digest: str = ''
    lines: int = 0


class History(NamedTuple):
    """What a session has done so far, as two numbers.

    Args:
        names: Of the names of its exchanges.
        shapes: Of their shapes, where their names differ from run to run.
    """

    names: int = 0
    shapes: int = 0

    def after(self, name: str, shape: str) -> 'History':
        """Return the history after another exchange."""
        return History(crc32(name.encode('utf-8', 'replace') + b'\n', self.names),
                       crc32(shape.encode('utf-8', 'replace') + b'\n', self.shapes))


class PastExchange(msgspec.Struct, gc=False):
    """An exchange of the earlier run.

    Args:
        session, number, time, name, shape, test, stage, digest: As the journal has them.
        injected: What was injected, as the journal has it; empty: nothing.
        fault: The same as an entry of a plan has it; None: nothing.
        history: Of the exchanges of its session before it.
        taken: An exchange of this run has been paired with it.
    """

    session: int
    number: int
    time: float
    name: str
    shape: str
    test: str
    stage: str
    digest: str
    injected: str = ''
    fault: FaultSpec | None = None
    history: History = History()
    taken: bool = False

    @property
    def opens(self) -> bool:
        """Whether it is the opening of a connection."""
        return self.number == 0 and OPENING in (self.stage, self.name)


class Past(msgspec.Struct):
    """An earlier run.

    Args:
        seed: What its randomness was made from.
        exchanges: Those of each proxy, by its name, in the order in which they began; only those of shapes that had a fault.
        lost: Lines that its journal lacks.
    """

    seed: int
    exchanges: dict[str, list[PastExchange]]
    lost: int = 0


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """Open a journal, to be read twice; what can be read only once is copied.

    Raises:
        OSError: It cannot be read.
    """
    with open(path, 'rb') as file:
        if file.seekable():
            yield file
        else:
            import shutil  # slow to import, and most processes repeat nothing
            with TemporaryFile() as copy:
                shutil.copyfileobj(file, copy)
                copy.seek(0)
                yield copy


def read_past(lines: 'list[bytes] | IO[bytes]', label: str) -> Past:
    """Read a journal, twice, line by line; what no replay needs is never kept.

    Args:
        lines: Its lines. The last one may be cut, as where the process was killed that wrote it.
        label: What the user knows it by; it goes into the message.

    Raises:
        ConfigError: It is no journal, of another version, or one of its lines cannot be read.
    """
    read = decoded(lines, label)
    header = next(read, Line())
    if header.type != 'journal' or header.version != VERSION:
        raise ConfigError(label, f'type {header.type!r}, version {header.version}', f'a journal, of version {VERSION}')
    past, wanted = Past(header.seed, {}), set[tuple[str, str]]()
    for line in read:
        if line.fault:
            wanted.add((line.proxy, line.shape))
        elif line.type == 'lost':
            past.lost += line.lines
    if not isinstance(lines, list):
        lines.seek(0)
    faults, sessions = Faults(header.plan), dict[tuple[str, int], SessionHistory]()
    for line in decoded(lines, label):
        of = line.proxy, line.session
        if line.type == 'proxy':
            faults.mixes[line.proxy] = line.mix
        elif line.type == 'close' and of in sessions:
            sessions.pop(of).end()
        elif line.type == 'exchange':
            one = None
            if (line.proxy, line.shape) in wanted:
                one = PastExchange(line.session, line.number, line.time, intern(line.name), intern(line.shape), intern(line.test),
                                   intern(line.stage), line.digest, line.fault, faults.of(line) if line.fault else None)
                past.exchanges.setdefault(line.proxy, []).append(one)
            if line.number:
                sessions.setdefault(of, SessionHistory()).add(line.number, line.name, line.shape, one)
    for session in sessions.values():
        session.end()
    for exchanges in past.exchanges.values():
        exchanges.sort(key=lambda one: (one.time, one.session, one.number))
    return past


class SessionHistory:
    """Notes of each exchange what its session had done before. They may come in another order: that of their answers."""

    __slots__ = ('_history', '_next', '_waiting', '_count')

    def __init__(self) -> None:
        self._history, self._next, self._count = History(), 1, 0
        self._waiting: list[tuple[int, int, str, str, PastExchange | None]] = []

    def add(self, number: int, name: str, shape: str, one: PastExchange | None) -> None:
        """Take an exchange; None: nobody will ask what came before it."""
        self._count += 1
        heappush(self._waiting, (number, self._count, name, shape, one))
        while self._waiting and self._waiting[0][0] <= self._next:
            self._pass()

    def end(self) -> None:
        """Take no more: there were none with the numbers that are missing."""
        while self._waiting:
            self._pass()

    def _pass(self) -> None:
        number, _, name, shape, one = heappop(self._waiting)
        if one is not None:
            one.history = self._history
        self._history, self._next = self._history.after(name, shape), number + 1


def decoded(lines: Iterable[bytes], label: str) -> Iterator[Line]:
    """Give the lines of a journal."""
    decode = msgspec.json.Decoder(Line).decode
    for number, data in enumerate(lines, 1):
        try:
            yield decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            if number == 1 or data.endswith(b'\n'):
                raise ConfigError(f'{label} line {number}', data[:60].decode('utf-8', 'replace').rstrip('\n'),
                                  f'a line of a journal: {error}') from None


class Faults:
    """What the faults of a journal were, with all their settings.

    Args:
        plan: The entries of the plan that it began with.

    Attributes:
        mixes: The mix of each proxy, as it is at this line.
    """

    def __init__(self, plan: list[dict[str, Any]]) -> None:
        self._plan = plan
        self.mixes: dict[str, list[dict[str, Any]]] = {}

    def of(self, line: Line) -> FaultSpec:
        """Return the entry of a plan that repeats the fault of an exchange."""
        name, _, kind = line.fault.partition('/')
        settings = {key: value for key, value in self._settings(line.proxy, name, kind).items() if key not in COUNTING}
        if kind and kind not in NO_KINDS:
            settings[KIND] = kind
        return FaultSpec(name=name, proxy=line.proxy, request=line.name or '*', stage=line.stage, settings=settings)

    def _settings(self, proxy: str, name: str, kind: str) -> dict[str, Any]:
        """Return what was set of a behavior that a kind was injected by; the mix is more likely to have been it than the plan."""
        found: list[dict[str, Any]] = [entry.get('settings', {}) for entry in self.mixes.get(proxy, ())
                                       if entry.get('name') == name]
        found += [entry.get('settings', {}) for entry in self._plan if entry.get('name', '').rpartition(':')[2] in (name, kind)]
        fitting = [settings for settings in found if bool(settings.get('inject')) is (kind == 'inject')
                   and settings.get(KIND, '') in ('', kind)]
        return next(iter(fitting or found), {})
