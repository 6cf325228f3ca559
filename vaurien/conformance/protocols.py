"""Checks that a protocol keeps what its contract says. Opens no connection: its streams are made of bytes."""
from collections.abc import Mapping, Sequence
from typing import TypeVar

from ..errors import ProtocolError
from ..net.loop import PLUGIN_ERRORS
from ..options import Option
from ..protocols import Protocol
from ..protocols.base import BaseProtocol
from ..protocols.message import CATEGORIES, SCOPES, Cutter, FailureKind, MessageProtocol
from .fakes import FakeSession, FakeStream
from .rules import WAITS, broken, call_plugin, look_at_class, make_with_defaults, require
from .runs import compared, found

P = TypeVar('P', bound=BaseProtocol)
#: what is sent through handlers, event by event; the last one is the end of the stream
EVENTS = (b'x', b'GET key\r\n', bytes(range(256)), b'\0' * 9000, b'\r\n\r\n', b'')


def check_protocol(cls: type[BaseProtocol], *turns: tuple[bool, bytes]) -> None:
    """Check a protocol class.

    Args:
        cls: The class.
        turns: A conversation that its framers know, where it knows requests: whether what is said goes to the backend, and the
            bytes. It is cut whole and byte by byte, and a ``run`` of either framer has to say the same of it as ``scan``.

    Raises:
        RegistrationError: It cannot be registered.
        AssertionError: It breaks its contract; the message names the class and the rule.
    """
    Protocol.check(cls)
    cls = Protocol.adapt(cls)
    options = Protocol.options(cls)
    look_at_class(cls, options, ('duplex', 'inline'))
    if issubclass(cls, MessageProtocol):
        _check_kinds(cls)
        for slicing in (len(b''.join(EVENTS)), 1):
            _check_framers(cls, _made(cls, options), slicing)
            _check_turns(cls, _made(cls, options), turns, slicing)
        return
    for to_backend in (True, False):
        _check_end(cls, _made(cls, options), to_backend)
        _check_relaying(cls, _made(cls, options), to_backend)


def _made(cls: type[P], options: Mapping[str, Option]) -> P:
    """Make an object with default settings, in a session."""
    made = make_with_defaults(cls, options)
    made.session = FakeSession()
    return made


# -- protocols that are handed events


def _check_relaying(cls: type[BaseProtocol], protocol: BaseProtocol, to_backend: bool) -> None:
    """Hand it event after event: all bytes arrive, in order and unchanged."""
    source, dest, sent = FakeStream(), FakeStream(ended=True), b''
    for event in EVENTS:
        source.feed(event)
        sent += event
        if not _handle_all(cls, protocol, source, dest, to_backend):
            break
    require(cls, dest.written + source.rest == sent, f'_handle passes on every byte, {_way(to_backend)}, in order and unchanged')


def _handle_all(cls: type[BaseProtocol], protocol: BaseProtocol, source: FakeStream, dest: FakeStream, to_backend: bool) -> bool:
    """Handle one event, and again while bytes are given back and some of them are used; False: the direction has ended."""
    while True:
        before = len(source.rest)
        result = call_plugin(cls, '_handle raises nothing for bytes it does not know', cls.inline,
                             lambda: protocol._handle(source, dest, to_backend))
        if result is WAITS:
            return True
        require(cls, isinstance(result, bool), '_handle returns True, or False when its direction has ended')
        if not result or dest.ending:
            return False
        if not source.rest or len(source.rest) == before:
            return True


def _check_end(cls: type[BaseProtocol], protocol: BaseProtocol, to_backend: bool) -> None:
    source, dest = FakeStream(ended=True), FakeStream(ended=True)
    result = call_plugin(cls, '_handle raises nothing at the end of a stream', cls.inline,
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
        codes = isinstance(kind.codes, tuple) and all(isinstance(code, str) for code in kind.codes)
        require(cls, codes, f'the error {name!r} has a tuple of codes')
        category = kind.category in ('', *CATEGORIES) and kind.scope in SCOPES
        require(cls, category, f'the error {name!r} has a category of {", ".join(CATEGORIES)}, and is of {" or ".join(SCOPES)}')


def _check_framers(cls: type[MessageProtocol], protocol: MessageProtocol, slicing: int) -> None:
    """Feed both framers what they do not know: they find messages within it, or say that they cannot."""
    data = b''.join(EVENTS)
    for cutter in (protocol.request_cutter, protocol.response_cutter):
        for at in range(0, len(data), slicing):
            if not cutter.opaque_because:
                _cut(cls, protocol, cutter, data[at:at + slicing])


def _check_turns(cls: type[MessageProtocol], protocol: MessageProtocol, turns: Sequence[tuple[bool, bytes]],
                 slicing: int) -> None:
    """Feed a conversation, each turn whole or in slices."""
    for to_backend, data in turns:
        cutter = protocol.request_cutter if to_backend else protocol.response_cutter
        for at in range(0, len(data), slicing):
            if not cutter.opaque_because:
                _cut(cls, protocol, cutter, data[at:at + slicing], asks=to_backend)


def _cut(cls: type[MessageProtocol], protocol: MessageProtocol, cutter: Cutter, data: bytes, asks: bool = False) -> None:
    start = 0
    try:
        for end, exchange, done in compared(cls, protocol, cutter, data, found(cls, protocol, cutter, data)):
            require(cls, start <= end <= len(cutter.data), 'the parts that a framer reports follow each other within its data')
            start = end
            if exchange is not None and cutter is protocol.response_cutter and done:
                protocol.answered(exchange)
            elif exchange is not None and asks and done:
                protocol.asked(exchange)
    except AssertionError:
        raise
    except PLUGIN_ERRORS as error:
        broken(cls, f'a framer raises nothing but {ProtocolError.__name__}, whatever the bytes', error)
