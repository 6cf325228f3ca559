"""Checks that a plugin keeps what its contract says, for the tests of plugin authors and our own. Opens no connection.

Each check runs the class with streams made of bytes. It raises ``AssertionError`` with one line that names the class and the
rule; a class that cannot even be registered raises ``RegistrationError``.
"""
import random
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from gevent import get_hub, getcurrent
from gevent.event import Event

from ..behaviors import Behavior
from ..behaviors.dummy import HOOKS, Dummy, all_options
from ..errors import ProtocolError
from ..options import Option
from ..protocols import Protocol
from ..protocols.base import BaseProtocol, Exchange
from ..protocols.message import Cutter, FailureKind, MessageProtocol
from ..relay.chaos import protocol_options
from ..relay.lane import ANYTHING
from .rules import WAITS, broken, call_plugin, look_at_class, require, takes
from .toxics import check_toxic

__all__ = ['FakeSession', 'FakeStream', 'Relay', 'check_behavior', 'check_protocol', 'check_toxic']

#: what is sent through handlers, event by event; the last one is the end of the stream
EVENTS = (b'x', b'GET key\r\n', bytes(range(256)), b'\0' * 9000, b'\r\n\r\n', b'')


class FakeStream:
    """A stream made of bytes: what is to be read is given, what is written is kept.

    Attributes:
        written: What was written.
        ending: How it was ended: empty, ``FIN``, ``closed`` or ``reset``.
    """

    def __init__(self, data: bytes = b'', ended: bool = False) -> None:
        self._data, self._ended = data, ended
        self.written, self.ending, self._closed = b'', '', False

    def feed(self, data: bytes) -> None:
        """Let more arrive; no bytes: the end of the stream."""
        self._data += data
        self._ended = self._ended or not data

    @property
    def rest(self) -> bytes:
        """What has arrived and was not read."""
        return self._data

    def recv(self, size: int = 65536) -> bytes:
        """Return what has arrived; empty at the end of the stream."""
        if not self._data and not self._ended:
            if getcurrent() is get_hub():
                raise BlockingIOError
            Event().wait()      # nothing more comes: whoever waits here is ended
        data, self._data = self._data[:size], self._data[size:]
        return data

    def sendall(self, data: Any) -> None:
        """Keep what is written."""
        self.written += bytes(data)

    def unread(self, data: bytes) -> None:
        """Take bytes back."""
        self._data = data + self._data

    def forward(self, dest: Any, size: int | None = None) -> int:
        """Move what has arrived."""
        data = self.recv(65536 if size is None else size)
        dest.sendall(data)
        return len(data)

    def shutdown(self, how: int) -> None:
        """Note the end of a direction."""
        self.ending = self.ending or 'FIN'

    def close(self) -> None:
        """Note the end."""
        self.ending, self._closed = 'closed', True

    def reset(self) -> None:
        """Note the end."""
        self.ending, self._closed = 'reset', True

    def fileno(self) -> int:
        """Return no descriptor."""
        return -1

    def settimeout(self, timeout: float | None) -> None:
        """Do nothing."""

    def setblocking(self, flag: bool) -> None:
        """Do nothing."""

    def getpeername(self) -> tuple[str, int]:
        """Return an address that nobody has."""
        return '192.0.2.1', 1


class FakeSession:
    """What a protocol asks of its session."""

    backend_name = 'backend.test:80'

    def __init__(self) -> None:
        self.random = random.Random(1)
        self.silent = False

    def injected(self, exchange: Exchange, kind: str) -> None:
        """Do nothing."""

    def silence(self) -> None:
        """Note it."""
        self.silent = True


class Relay(BaseProtocol):
    """The protocol that hooks are called with: bytes pass as they come."""

    name = 'relay'
    duplex = inline = True

    def _handle(self, source: Any, dest: Any, to_backend: bool) -> bool:
        return bool(source.forward(dest))


def check_protocol(cls: type[BaseProtocol]) -> None:
    """Check a protocol class.

    Raises:
        RegistrationError: It cannot be registered.
        AssertionError: It breaks its contract; the message names the class and the rule.
    """
    Protocol.check(cls)
    options = protocol_options(cls)
    look_at_class(cls, options, ('duplex', 'inline'))
    make = _maker(cls, options)
    if issubclass(cls, MessageProtocol):
        _check_kinds(cls)
        for slicing in (len(b''.join(EVENTS)), 1):
            _check_framers(cls, make(), slicing)
        return
    for to_backend in (True, False):
        _check_end(cls, make(), to_backend)
        _check_relaying(cls, make(), to_backend)


def check_behavior(cls: type[Dummy]) -> None:
    """Check a behavior class.

    Raises:
        RegistrationError: It cannot be registered.
        AssertionError: It breaks its contract; the message names the class and the rule.
    """
    Behavior.check(cls)
    options = all_options(cls)
    look_at_class(cls, options, ('inline', 'reports'))
    for hook in HOOKS:
        require(cls, takes(getattr(cls, hook), 4), f'{hook} takes (self, protocol, source, dest, to_backend)')
    behavior = _maker(cls, options)()
    for to_backend in (True, False):
        _check_hooks(cls, behavior, to_backend)


# -- what both have


def _maker(cls: type, options: Mapping[str, Option]) -> Callable[[], Any]:
    """Return what makes an object with default settings and, if it is a protocol, a session."""
    def make() -> Any:
        try:
            made = cls({name: option.default for name, option in options.items()})
        except ANYTHING as error:
            broken(cls, 'it can be made with the defaults of its options', error)
        if isinstance(made, BaseProtocol):
            made.session = FakeSession()
        return made
    return make


# -- protocols that are handed events


def _check_relaying(cls: type, protocol: BaseProtocol, to_backend: bool) -> None:
    """Hand it event after event: all bytes arrive, in order and unchanged."""
    source, dest, sent = FakeStream(), FakeStream(ended=True), b''
    for event in EVENTS:
        source.feed(event)
        sent += event
        if not _handle_all(cls, protocol, source, dest, to_backend):
            break
    require(cls, dest.written + source.rest == sent, f'_handle passes on every byte, {_way(to_backend)}, in order and unchanged')


def _handle_all(cls: type, protocol: BaseProtocol, source: FakeStream, dest: FakeStream, to_backend: bool) -> bool:
    """Handle one event, and again while bytes are given back and some of them are used; False: the direction has ended."""
    while True:
        before = len(source.rest)
        result = call_plugin(cls, '_handle raises nothing for bytes it does not know', cls.inline,  # type: ignore[attr-defined]
                       lambda: protocol._handle(source, dest, to_backend))
        if result is WAITS:
            return True
        require(cls, isinstance(result, bool), '_handle returns True, or False when its direction has ended')
        if not result or dest.ending:
            return False
        if not source.rest or len(source.rest) == before:
            return True


def _check_end(cls: type, protocol: BaseProtocol, to_backend: bool) -> None:
    source, dest = FakeStream(ended=True), FakeStream(ended=True)
    result = call_plugin(cls, '_handle raises nothing at the end of a stream', cls.inline,  # type: ignore[attr-defined]
                   lambda: protocol._handle(source, dest, to_backend))
    require(cls, result is False, f'_handle returns False at the end of a stream, {_way(to_backend)}')
    require(cls, not dest.written, f'_handle writes nothing at the end of a stream, {_way(to_backend)}')


def _way(to_backend: bool) -> str:
    return 'from client to backend' if to_backend else 'from backend to client'


# -- protocols that know requests


def _check_kinds(cls: type[MessageProtocol]) -> None:
    require(cls, cls.duplex and cls.inline, 'a protocol that knows requests is duplex and inline')
    for name, kind in cls.errors.items():
        is_kind = isinstance(kind, FailureKind) and callable(kind.build)
        require(cls, is_kind, f'the error {name!r} is a FailureKind with a builder')
        require(cls, kind.description.strip(), f'the error {name!r} has a description')
        stages = isinstance(kind.stages, tuple) and kind.stages and all(isinstance(stage, str) for stage in kind.stages)
        require(cls, stages, f'the error {name!r} has a tuple of stages')


def _check_framers(cls: type[MessageProtocol], protocol: MessageProtocol, slicing: int) -> None:
    """Feed both framers what they do not know: they find messages within it, or say that they cannot."""
    data = b''.join(EVENTS)
    for cutter in (protocol.requests, protocol.answers):
        for at in range(0, len(data), slicing):
            if not cutter.opaque:
                _cut(cls, protocol, cutter, data[at:at + slicing])


def _cut(cls: type[MessageProtocol], protocol: MessageProtocol, cutter: Cutter, data: bytes) -> None:
    start = 0
    try:
        for end, exchange, done in cutter.cut(data):
            require(cls, start <= end <= len(cutter.data), 'the parts that a framer reports follow each other within its data')
            start = end
            if exchange is not None and cutter is protocol.answers and done:
                protocol.answered(exchange)
    except AssertionError:
        raise
    except ANYTHING as error:
        broken(cls, f'a framer raises nothing but {ProtocolError.__name__}, whatever the bytes', error)


# -- behaviors


def _check_hooks(cls: type, behavior: Dummy, to_backend: bool) -> None:
    """Let it meet one exchange, as the lane would."""
    protocol, exchange, settings = Relay(), Exchange(), deepcopy(behavior.settings)
    protocol.session, exchange.behavior = FakeSession(), behavior
    protocol.requesting = protocol.answering = exchange
    source, dest = FakeStream(b'a message'), FakeStream()

    def call(hook: str) -> Any:
        return call_plugin(cls, f'{hook} raises nothing', cls.inline,     # type: ignore[attr-defined]
                     lambda: getattr(behavior, hook)(protocol, source, dest, to_backend))
    passes = call('on_before_handle')
    require(cls, passes is WAITS or isinstance(passes, bool), 'on_before_handle returns True, or False to keep the message back')
    if passes is True and not source.ending:
        protocol._handle(source, dest, to_backend)
        call('on_after_handle')
    require(cls, behavior.settings == settings, 'settings are never written by an exchange')
