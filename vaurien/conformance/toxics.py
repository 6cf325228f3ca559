"""Checks that a toxic keeps what its contract says. Opens no connection: what it receives and what it sends are bytes."""
from copy import deepcopy
from math import isfinite
from typing import Any

from gevent import spawn

from ..net.loop import PLUGIN_ERRORS
from ..toxics import TOXICS, Toxic
from .fakes import MAX_ASKED, FakeChunks, FakeHandle, Sent
from .rules import PATIENCE, broken, look_at_class, no_global_random, require, takes

#: what is said of every toxic, so that no option of one can be called like it
RESERVED = ('type', 'stream', 'toxicity', 'callable')


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
        return cls(settings, FakeHandle(), {})
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
    require(cls, chunks.asked <= MAX_ASKED, 'pipe ends once the stream has ended')
    if raised:
        broken(cls, 'pipe raises nothing', raised[0])
    require(cls, not sent.wrong, 'pipe sends bytes or chunks')
    require(cls, not sent.elsewhere, 'only the greenlet that pipe is called in sends')
