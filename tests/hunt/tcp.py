"""tcp: bytes that an echo sends back. Each request is ``[word, first, count]``: that many numbered words, so that any is seen
that is lost, repeated, out of order or altered.

The protocol knows no requests, so the journal counts reads: what an error swallows is told by the gap that it leaves.
"""
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from random import Random
from typing import Any

from tests.support.peers import echo_server

from .clients import Raw
from .oracle import JUNK, Seen, rest, shown
from .subject import Client

Ask = list[Any]
#: behaviors after which nothing more is answered
LAST = ('hang', 'blackout', 'abort')


class Tcp:
    """The subject; see ``subject.Subject``."""

    name = 'tcp'
    kinds = ()
    lossy = True
    patient = True

    def server(self) -> AbstractContextManager[Any]:
        return echo_server()

    def plan(self, random: Random, word: str) -> tuple[dict[str, Any], list[list[Any]]]:
        says, first = list[list[Ask]](), 0
        for _ in range(random.randint(1, 5)):
            count = random.choice((1, 3, 50, 50) * 3 + (3_000,))
            says.append([[word, first, count]])
            first += count
        return {'as': 'raw'}, says

    def connect(self, plan: dict[str, Any], port: int) -> Client:
        return Raw(port, encode, lambda got, start: got.find(b';', start) + 1)

    def judge(self, seen: Seen) -> list[str]:
        sent = words(seen.asked)
        if not any(fault.behavior not in ('delay', 'dummy') for fault in seen.faults.values()):
            return exact(seen, b''.join(sent))
        return gaps(seen, sent)

    def inspect(self, address: str, seen: Sequence[Seen]) -> list[str]:
        return []       # an echo has no state


def words(asks: Sequence[Ask]) -> list[bytes]:
    """Return what requests send, word by word."""
    return [f'{word}.{number};'.encode() for word, first, count in asks for number in range(first, first + count)]


def encode(asks: Sequence[Ask]) -> tuple[bytes, int]:
    sent = words(asks)
    return b''.join(sent), len(sent)


def exact(seen: Seen, sent: bytes) -> list[str]:
    """Return what is wrong where nothing may be missing but the end of a session that was cut."""
    if not sent.startswith(seen.got):
        return [f'{shown(seen.got)} has come, and not {shown(sent)}']
    if seen.excused:
        return []
    missing = len(sent) - len(seen.got)
    return [f'the last {missing} bytes are missing [{seen.end or "open"}]'] if missing else rest(seen, b'', '', False)


def gaps(seen: Seen, sent: Sequence[bytes]) -> list[str]:
    """Return what is wrong where errors have swallowed some reads, and random bytes have come between others."""
    behaviors = [fault.behavior for fault in seen.faults.values()]
    spoilt = [fault for fault in seen.faults.values() if fault.kind in ('random-bytes', 'inject')]
    came = [found[0] for found in re.finditer(rb'[0-9]+x[0-9]+\.[0-9]+;', seen.got)]
    places = {word: place for place, word in enumerate(sent)}
    at = [places[word] for word in came if word in places]
    if at != sorted(set(at)):
        return [f'out of order or repeated: {shown(came)}']
    holes = sum(after - before > 1 for before, after in zip([-1, *at], [*at, len(sent)], strict=False))
    last = any(name in LAST for name in behaviors)
    if last or seen.excused:
        holes -= 1      # the end may be missing
    if holes > sum(2 if fault.kind == 'random-bytes' else 1 for fault in spoilt):   # what is swallowed, and a word that is split
        return [f'{holes} gaps, and {len(spoilt)} errors: {shown(seen.got)} has come of {shown(b"".join(sent))}']
    swallowed = any(fault.kind == 'random-bytes' for fault in spoilt)
    if not (last or seen.excused or swallowed) and len(seen.got) != sum(map(len, sent)) + JUNK * len(spoilt):
        return [f'{len(seen.got)} bytes have come of {sum(map(len, sent))} and {len(spoilt)} times {JUNK}']
    return []


SUBJECT = Tcp()
