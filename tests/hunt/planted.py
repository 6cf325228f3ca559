"""Vauriens that are wrong on purpose, by what is wrong with them: an oracle that does not find these finds nothing.

Each changes, in the process that calls it, how responses leave, for one write of ``EVERY``: a defect that is rare shrinks as rare
ones do. Protocols that know requests only.
"""
from collections.abc import Callable
from itertools import count
from typing import Any

import gevent

from vaurien.relay.response_lane import ResponseLane

EVERY = 7       #: writes to clients, of which one is spoilt
LATE = 0.003    #: [s] by which an answer is late that another one overtakes

#: writes to a client, given its stream and the bytes
Write = Callable[[Any, bytes], object]


def overtaken(stream: Any, data: bytes) -> None:
    """Let what comes next pass it."""
    def write() -> None:
        if not stream.closed:
            stream.sendall(data)
    gevent.spawn_later(LATE, write)


def lost(stream: Any, data: bytes) -> None:
    """Write nothing."""


def repeated(stream: Any, data: bytes) -> None:
    """Write it twice."""
    stream.sendall(data + data)


def altered(stream: Any, data: bytes) -> None:
    """Write it with another byte in its middle."""
    middle = len(data) // 2
    stream.sendall(data[:middle] + bytes((data[middle] ^ 1,)) + data[middle + 1:])


def cut_short(stream: Any, data: bytes) -> None:
    """Write it without its last byte."""
    stream.sendall(data[:-1])


PLANTS: dict[str, Write] = {
    'overtaken': overtaken, 'lost': lost, 'repeated': repeated, 'altered': altered, 'cut-short': cut_short,
}


def plant(name: str) -> None:
    """Let responses be written so from now on."""
    spoil, numbers = PLANTS[name], count(1)

    def write(stream: Any, data: bytes) -> None:
        if next(numbers) % EVERY:
            stream.sendall(data)
        else:
            spoil(stream, data)

    def send(lane: Any, data: bytes) -> None:
        write(lane.dest, data)

    def flush(lane: Any) -> None:
        out, lane.out = b''.join(lane.out), []
        if out:
            write(lane.dest, out)

    setattr(ResponseLane, '_send', send)    # noqa: B010 - for the life of this process
    setattr(ResponseLane, 'flush', flush)   # noqa: B010
