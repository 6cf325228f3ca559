"""What a replay needs of the journal of an earlier run: its exchanges, in the order in which they began, and their faults.

Knows the lines of a journal as a reader of the documentation does: types and fields that it does not know are passed over.
"""
from binascii import crc32
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from ..errors import ConfigError
from ..protocols.base import OPENING
from ..spec import FaultSpec

VERSION = 1         #: of the form of the lines that can be read
MAX_NAME = 256      #: [characters] of a request's name, and of its shape, that a journal has
#: words for what an error was that is no kind of the protocol's
NO_KINDS = ('inject', 'random-bytes')
#: options that count exchanges: what was applied once is applied at its request
COUNTING = ('match', 'warmup')
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
        line: What the journal has of it.
        fault: What was injected, as an entry of a plan has it; None: nothing.
        history: Of the exchanges of its session before it.
        taken: An exchange of this run has been paired with it.
    """

    line: Line
    fault: FaultSpec | None = None
    history: History = History()
    taken: bool = False

    @property
    def opens(self) -> bool:
        """Whether it is the opening of a connection."""
        return self.line.number == 0 and OPENING in (self.line.stage, self.line.name)


class Past(msgspec.Struct):
    """An earlier run.

    Args:
        seed: What its randomness was made from.
        exchanges: Those of each proxy, by its name, in the order in which they began.
        lost: Lines that its journal lacks.
    """

    seed: int
    exchanges: dict[str, list[PastExchange]]
    lost: int = 0


def read_past(lines: Iterable[bytes], label: str) -> Past:
    """Read a journal.

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
    past, faults = Past(header.seed, {}), Faults(header.plan)
    for line in read:
        if line.type == 'proxy':
            faults.mixes[line.proxy] = line.mix
        elif line.type == 'lost':
            past.lost += line.lines
        elif line.type == 'exchange':
            past.exchanges.setdefault(line.proxy, []).append(PastExchange(line, faults.of(line) if line.fault else None))
    for exchanges in past.exchanges.values():
        note_histories(exchanges)
        exchanges.sort(key=lambda one: (one.line.time, one.line.session, one.line.number))
    return past


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


def note_histories(exchanges: Iterable[PastExchange]) -> None:
    """Note of each exchange what its session had done before."""
    latest: dict[int, History] = {}
    for one in sorted(exchanges, key=lambda one: one.line.number):
        one.history = latest.get(one.line.session, History())
        if one.line.number:
            latest[one.line.session] = one.history.after(one.line.name, one.line.shape)


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
