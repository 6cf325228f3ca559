"""What tests of toxics need on either side of them: a stream that keeps what is written, and a chain in front of it.

Runs in the event loop of the test itself.
"""
import time
from collections.abc import Callable
from random import Random
from typing import Any

import gevent

from vaurien.toxics import TOXICS, Toxic
from vaurien.wire.chain import Chain
from vaurien.wire.handle import ToxicHandle

from .unit_of_time import MS, PATIENCE


class Sink:
    """A stream as a chain sees it.

    Attributes:
        pieces: What was written, call by call, with the time of each.
        error: What the next write raises; None: nothing.
        events: ``FIN``, ``close``, ``reset``, ``failed NAME``, ``lost``; in order.
    """

    closed = False
    backlog = None

    def __init__(self) -> None:
        self.pieces: list[tuple[bytes, float]] = []
        self.events: list[str] = []
        self.error: OSError | None = None

    @property
    def data(self) -> bytes:
        return b''.join(piece for piece, _ in self.pieces)

    def check(self) -> None:
        if self.error is not None:
            raise self.error

    def write_soon(self, data: bytes) -> None:
        self.pieces.append((data, time.monotonic()))

    write = write_soon

    def finish_socket(self) -> None:
        if 'FIN' not in self.events:
            self.events.append('FIN')

    def after_written(self, callback: Callable[[], None]) -> None:
        callback()


class Talk:
    """A chain in front of a ``Sink``.

    Args:
        toxics: Types with their attributes, in order: ``('latency', {'latency': 5})``.
    """

    def __init__(self, *toxics: tuple[str, dict[str, Any]], seed: int = 1) -> None:
        self.sink, self.seed = Sink(), seed
        events = self.sink.events
        self.chain = Chain(self.sink, lambda toxic: events.append(f'failed {toxic.name}'),  # type: ignore[arg-type]
                           lambda error: events.append('lost'))
        self.settings: dict[str, dict[str, Any]] = {}
        for number, (kind, attributes) in enumerate(toxics):
            self.add(f'{number}', kind, attributes)

    def add(self, name: str, kind: str | type[Toxic], attributes: dict[str, Any] | None = None,
            before: tuple[str, ...] | None = None) -> Toxic:
        """Put a toxic after those named ``before``; None: after all."""
        cls = TOXICS.get(kind) if isinstance(kind, str) else kind
        self.settings[name] = TOXICS.settle(cls, attributes or {})
        events = self.sink.events

        def close() -> None:
            events.append('close')
            self.chain.finish()
        handle = ToxicHandle(Random(self.seed), close, lambda: events.append('reset'))
        toxic = cls(self.settings[name], handle, {})
        self.chain.add(name, toxic, tuple(self.settings) if before is None else before)
        return toxic

    def update(self, name: str, **attributes: Any) -> None:
        """Change a toxic's attributes."""
        self.settings[name].update(attributes)
        self.chain.restart(name)

    def remove(self, name: str) -> None:
        """Take a toxic away."""
        del self.settings[name]
        self.chain.remove(name)

    def send(self, *pieces: bytes, end: bool = False) -> 'Talk':
        """Write pieces, and the end."""
        for piece in pieces:
            self.chain.put(piece)
        if end:
            self.chain.finish()
        return self

    def until(self, holds: Callable[[], Any]) -> None:
        """Wait until something is true, while the stages work.

        Raises:
            AssertionError: It was not, within ``PATIENCE``.
        """
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f'{self.sink.data[:100]!r} {self.sink.events}'
            gevent.sleep(MS)

    def ends(self) -> bytes:
        """Wait for the end of the stream, and return all that was written before."""
        self.until(lambda: 'FIN' in self.sink.events)
        return self.sink.data


def pause(milliseconds: float = 0) -> None:
    """Let the stages work so long; 0: only until all that can go on at once has done so."""
    if milliseconds:
        gevent.sleep(milliseconds * MS)
    for _ in range(20):
        gevent.sleep(0)
