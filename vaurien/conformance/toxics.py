"""Checks that a toxic keeps what its contract says. Opens no connection: what it receives and what it sends are bytes."""
import time
from collections import deque
from collections.abc import Iterator
from copy import deepcopy
from math import isfinite
from random import Random
from typing import Any

from gevent import getcurrent, spawn
from gevent.event import Event

from ..net.loop import PLUGIN_ERRORS
from ..toxics import TOXICS, Toxic
from ..toxics.base import Chunk
from .rules import PATIENCE, broken, look_at_class, no_global_random, require, takes

#: what arrives
PIECES = (b'x', bytes(range(256)), b'\0' * 9000)
#: what is said of every toxic, so that no option of one can be called like it
RESERVED = ('type', 'stream', 'toxicity', 'callable')
#: times that a toxic may ask for more after the end of the stream; one that goes on asking would never let others have a turn
ASKED = 100


class FakeChunks:
    """What arrives: some chunks, and then the end of the stream or nothing more.

    Args:
        ends: Whether the end comes.

    Attributes:
        asked: How often more was asked for after the end.
    """

    def __init__(self, ends: bool) -> None:
        self._left, self._ends, self.asked = deque(PIECES), ends, 0

    def __iter__(self) -> Iterator[Chunk]:
        while True:
            try:
                chunk = self.get()
            except EOFError:
                return
            assert chunk is not None
            yield chunk

    def get(self, timeout: float | None = None) -> Chunk | None:
        """Return the next chunk; None: there was none within ``timeout`` seconds."""
        if self._left:
            return Chunk(self._left.popleft(), time.monotonic())
        if self._ends:
            self.asked += 1
            if self.asked > ASKED:
                Event().wait()      # where it waits it is ended
            raise EOFError
        Event().wait(timeout)
        return None


class FakeLink:
    """One direction of a session that there is not."""

    def __init__(self) -> None:
        self.random = Random(1)

    def close(self) -> None:
        """Do nothing."""

    def reset(self) -> None:
        """Do nothing."""


class Sent:
    """What a toxic sends.

    Attributes:
        wrong: What was sent and is neither bytes nor a chunk.
        elsewhere: Whether something was sent from another greenlet than ``greenlet``.
    """

    def __init__(self) -> None:
        self.wrong: list[Any] = []
        self.elsewhere, self.greenlet = False, getcurrent()

    def __call__(self, chunk: Any) -> None:
        if not isinstance(chunk, bytes | Chunk):
            self.wrong.append(chunk)
        self.elsewhere = self.elsewhere or getcurrent() is not self.greenlet


def check_toxic(cls: type[Toxic]) -> None:
    """Check a toxic class.

    Raises:
        RegistrationError: It cannot be registered.
        AssertionError: It breaks its contract; the message names the class and the rule.
    """
    TOXICS.check(cls)
    options = TOXICS.options(cls)
    look_at_class(cls, options, ('ends_when_removed', 'opens'))
    for name in RESERVED:
        require(cls, name not in options, f'no option is called {name!r}: that is said of every toxic')
    size = isinstance(cls.queue, int) and not isinstance(cls.queue, bool) and cls.queue > 0
    require(cls, size, 'queue is a number of bytes above 0')
    require(cls, takes(cls.pipe, 2), 'pipe takes (self, chunks, send)')
    defaults = {name: option.default for name, option in options.items()}
    _check_opening(cls, defaults)
    settings = deepcopy(defaults)
    with no_global_random(cls, 'self.link.random'):
        _check_pipe(cls, _make(cls, settings), ends=True)
        interrupted = _make(cls, settings)
        _check_pipe(cls, interrupted, ends=False)
        _check_pipe(cls, interrupted, ends=True)    # as after a change
    require(cls, settings == defaults, 'settings are never written by a session')


def _make(cls: type[Toxic], settings: dict[str, Any]) -> Toxic:
    try:
        return cls(settings, FakeLink(), {})
    except PLUGIN_ERRORS as error:
        broken(cls, 'it can be made with the defaults of its options', error)


def _check_opening(cls: type[Toxic], settings: dict[str, Any]) -> None:
    try:
        delay = cls.opening_delay(settings)
    except PLUGIN_ERRORS as error:
        broken(cls, 'opening_delay raises nothing', error)
    fits = isinstance(delay, int | float) and isfinite(delay) and delay >= 0
    require(cls, fits, 'opening_delay returns a number of seconds')


def _check_pipe(cls: type[Toxic], toxic: Toxic, ends: bool) -> None:
    """Let it work for a while, and end it where it waits."""
    chunks, sent = FakeChunks(ends), Sent()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            toxic.pipe(chunks, sent)
        except PLUGIN_ERRORS as error:
            raised.append(error)
    runner = sent.greenlet = spawn(run)
    runner.join(PATIENCE)
    runner.kill(timeout=PATIENCE)
    require(cls, runner.dead, 'pipe ends where it waits when it is ended')
    require(cls, chunks.asked <= ASKED, 'pipe ends once the stream has ended')
    if raised:
        broken(cls, 'pipe raises nothing', raised[0])
    require(cls, not sent.wrong, 'pipe sends bytes or chunks')
    require(cls, not sent.elsewhere, 'only the greenlet that pipe is called in sends')
