"""Holds the same conversations in several ways, and compares. Has what is particular of each protocol's server in a table."""
import re
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from tests.support.hosting import spec_for
from tests.support.unit_of_time import MS
from vaurien.protocols import Protocol
from vaurien.protocols.http.h2.failures import ANY_STREAM
from vaurien.spec import BehaviorSpec

from .backend import Between
from .play import Manner, Outcome, exchange, play
from .scripts import SCRIPTS, command

REFERENCE = Manner('request by request', single=True)
MANNERS = (Manner('all at once'), Manner('all at once, together', together=True),
           Manner('in pieces, together', minced=True, together=True),
           Manner('request by request in pieces, together', single=True, minced=True, together=True))
#: sessions of a seed, in turn: mostly one or two, and now and then as many as 50
SESSIONS = (*(1, 2, 2, 3, 1, 2) * 4, 50)


class Particulars(NamedTuple):
    """What is particular of a server.

    Args:
        begin: What is said to it before each conversation, so that it is as it was; empty: nothing.
        until: How the answer to that ends.
        differs: Finds what is different each time in what it says: times, random numbers, ids.
    """

    begin: Callable[[int], bytes] = lambda sessions: b''
    until: bytes = b''
    differs: re.Pattern[bytes] = re.compile(rb'(?!)')


def forget(sessions: int) -> bytes:
    """Return the commands of memcached that delete what the clients have stored."""
    keys = [f'{letter}{number}' for letter in 'abc' for number in range(1, sessions + 1)]
    return b''.join(b'delete %b noreply\r\n' % key.encode() for key in keys) + b'version\r\n'


PARTICULARS = {
    'redis': Particulars(lambda sessions: command('FLUSHALL'), b'+OK', re.compile(rb'\$2\r\nid\r\n:\d+')),
    'memcache': Particulars(forget, b'VERSION'),
    'http': Particulars(differs=re.compile(rb'\r\nDate: [^\r]*')),
    'smtp': Particulars(),
    'postgres': Particulars(differs=re.compile(rb'K\0\0\0\x0c.{8}', re.DOTALL)),
    'mysql': Particulars(differs=re.compile(    # the greeting, and ids of statements or what has come of them
        rb'\A.{3}\0\n.*?mysql_native_password\0|(?<=\x0c\0\0\x01\0).{1,4}|(?<=\x0c\0\0\x01\0.{100}).{1,4}',
        re.DOTALL)),
}


def mix(protocol: str, random: Random) -> tuple[BehaviorSpec, ...]:
    """Draw a mix."""
    errors, match = Protocol.get(protocol).errors, {'match': random.choice((None, None, '[02468aceg]'))}
    kinds = ['', '', '', *(name for name, kind in errors.items()     # of HTTP/1, and not of WebSocket
                             if not (set(kind.stages) <= set(ANY_STREAM) or name.startswith('ws-')))]
    entries: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ('error', 40, {'kind': random.choice(kinds)}), ('error', 10, {'inject': True}),
        ('delay', 20, {'sleep': random.choice((0, 1, 2)) * MS, 'before': random.random() < 0.5}),
        ('hang', 2, {}), ('blackout', 2, {}), ('abort', 2, {}))
    return tuple(BehaviorSpec(name=name, percent=random.randint(0, most), settings={**settings, **match})
                 for name, most, settings in entries)


def compare(protocol: str, seed: int, between: Between) -> tuple[int, list[str]]:
    """Hold the conversations of a seed in all ways.

    Returns:
        How many faults there were in one of them, and what differed: nothing if all is well.
    """
    particulars, random = PARTICULARS[protocol], Random(f'{protocol}/{seed}')
    count = SESSIONS[seed % len(SESSIONS)]
    spec = spec_for(between.address, mix(protocol, random), protocol=protocol)

    def held(manner: Manner) -> list[Outcome]:
        if particulars.until:
            between.random = None
            exchange(between.address, particulars.begin(count), particulars.until)
        scripts = [SCRIPTS[protocol](Random(f'{protocol}/{seed}/{number}'), number) for number in range(1, count + 1)]
        return play(seed, spec, between, manner, scripts)
    expected, differences = held(REFERENCE), []
    for manner in MANNERS:
        for number, (one, other) in enumerate(zip(expected, held(manner), strict=True), 1):
            if not same(one, other, particulars.differs):
                differences.append(f'{protocol}, seed {seed}, session {number}, {manner.name}:\n'
                                   f'{told(one, other, particulars.differs)}')
    return sum(len(outcome.faults) for outcome in expected), differences


def same(one: Outcome, other: Outcome, differs: re.Pattern[bytes]) -> bool:
    """Return whether two sessions got the same; where one was cut, bytes on their way are lost."""
    first, second = differs.sub(b'', one.said), differs.sub(b'', other.said)
    if cut(one) or cut(other):
        first, second = sorted((first, second), key=len)
        second = second[:len(first)]
    return one.faults == other.faults and first == second


def cut(outcome: Outcome) -> bool:
    return outcome.lost or any(behavior in ('blackout', 'abort') for _, behavior, _, _ in outcome.faults)


def told(one: Outcome, other: Outcome, differs: re.Pattern[bytes]) -> str:
    """Say where two sessions part, without what is different each time."""
    first_said, second_said = differs.sub(b'', one.said), differs.sub(b'', other.said)
    pairs = [(first, second) for first, second in zip(one.faults, other.faults, strict=False) if first != second]
    at = next((at for at, (first, second) in enumerate(zip(first_said, second_said, strict=False)) if first != second),
              min(len(first_said), len(second_said)))
    begin = max(0, at - 100)
    return (f'  {REFERENCE.name}: {len(one.faults)} faults, {first_said[begin:at + 100]!r}\n'
            f'  otherwise: {len(other.faults)} faults, {second_said[begin:at + 100]!r}\n'
            f'  first different faults: {pairs[:1] or (one.faults[-2:], other.faults[-2:])}')
