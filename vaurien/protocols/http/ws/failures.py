"""How servers of WebSocket fail: the table of kinds, and what each is made of. Knows no stream and no framer.

All that is written here to a client is not compressed, so that what was compressed before and after it stays readable.
"""
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ...base import Exchange
from ...message import Failure, FailureKind
from ..failures import refusal, write_headers
from ..headers import RECEIVED, SENT, UPGRADE, UPGRADE_STREAM
from ..written import HTML_TYPE, RETRY_AFTER, Field
from . import frames
from .messages import Said

#: What follows: the client is waited for, which is to send a Close frame, too; FIN; RST; nothing at all any more
CLOSING, CUT, RESET, SILENCE = 'closing', 'close', 'reset', 'silence'
WORDS: Final = b'injected by vaurien'
DROPPED, DOUBLED = 'ws-dropped', 'ws-doubled'
#: the stage of no exchange: what has it takes messages out, or puts some in, so that none may depend on the one before it
OUT_OF_LINE: Final = 'message out of line'
MAX_DOUBLED_BYTES: Final = 16 * 1024       #: [bytes] of a message that is doubled, which has to be held for it
TOO_BIG_BYTES: Final = 1 << 40             #: [bytes] of a message that no client takes
BAD_TEXT: Final = b'\xff\xfe'
NO_SUCH_KIND: Final = 3                    #: an opcode that RFC 6455 reserves


class Fault(NamedTuple):
    """What happens in the place of a message, or with it.

    Args:
        reply: What the client gets: whole frames; of the last one perhaps only its head.
        passes: The message passes.
        doubled: It passes twice.
        half: Half of its first frame passes.
        no_pong: The client's pings are answered no more.
        then: What follows: ``CLOSING``, ``CUT``, ``RESET``, ``SILENCE``; empty: the conversation goes on.
        lingers: Where it is ``CLOSING``: as long as the client does not leave; else a server waits only for a while.
    """

    reply: bytes = b''
    passes: bool = False
    doubled: bool = False
    half: bool = False
    no_pong: bool = False
    then: str = ''
    lingers: bool = False


def builder(fault: Fault) -> Callable[[Any, Exchange], None]:
    """Return what notes that a fault is to happen to a message."""
    def build(protocol: Any, exchange: Exchange) -> None:
        exchange.note.fault = fault
    return build


def at_once(fault: Fault) -> Callable[[Any, Exchange], None]:
    """Return what notes a fault that happens to a message, or as soon as a request for WebSocket is granted."""
    def build(protocol: Any, exchange: Exchange) -> None:
        if isinstance(exchange.note, Said):
            exchange.note.fault = fault
        else:
            protocol.first_fault = fault
    return build


def bad_accept(protocol: Any, exchange: Exchange) -> Failure:
    """Grant a request with what belongs to another one."""
    reply = write_headers(101, True, ('Upgrade', 'websocket'), ('Sec-WebSocket-Accept', 'dmF1cmllbiB3YXMgaGVyZSEhISE='))
    return Failure(reply.replace(b'Connection: keep-alive', b'Connection: Upgrade'), end='silence')


def not_found(protocol: Any, exchange: Exchange) -> Failure:
    """Answer with a page, as a server that knows no WebSocket does."""
    return Failure(write_headers(200, False, HTML_TYPE, ('Content-Length', '2')) + b'ok', end='close')


def closing(code: int) -> Fault:
    """Return the fault of a server that says good-bye."""
    return Fault(frames.close(code, WORDS), then=CLOSING)


def suits(name: str, said: Said) -> bool:
    """Return whether a kind can happen to a message: none is taken out that others can only be read with, and only a short one is
    doubled."""
    if name not in (DROPPED, DOUBLED):
        return True
    return not said.linked and (name == DROPPED or said.whole and said.length <= MAX_DOUBLED_BYTES)


EITHER: Final = (SENT, RECEIVED)
#: by code: when a server says so, the class, whose state it is
CODES: Final[dict[int, tuple[str, str, str]]] = {
    1000: ("the server has no more to say", 'B', 'request'),
    1001: ("the server shuts down, as one of the package websockets, or the page goes away; some clients take that for a "
           "good end", 'F', 'server'),
    1008: ("the message offends against the server's rules", 'B', 'request'),
    1009: ("the message is too large for the server", 'B', 'request'),
    1011: ("the server's own code has failed, as websockets and hypercorn say", 'A', 'request'),
    1012: ("the server starts anew, as uvicorn says", 'A', 'server'),
    1013: ("the server is overloaded: try again later", 'A', 'server'),
    1014: ("a gateway got an invalid response from the server behind it", 'A', 'server'),
    4000: ("the program at the server says so in a code of its own", 'B', 'request'),
}


def kind(description: str, fault: Fault, category: str, stages: tuple[str, ...] = EITHER, scope: str = 'request') -> FailureKind:
    """Return a row of the table below."""
    return FailureKind(description, stages, builder(fault), (), category, scope, True)


def refused(status: int, category: str, *fields: Field) -> FailureKind:
    """Return the row of a request for WebSocket that is refused."""
    return FailureKind(f"WebSocket: the request for it is refused with {status} and a page.", (UPGRADE, UPGRADE_STREAM),
                       refusal(status, *fields), (), category, 'server' if category == 'A' else 'request', True)


ERRORS: Final[dict[str, FailureKind]] = {
    **{f'ws-close-{code}': kind(
        f"WebSocket: in the place of a message the client gets a Close frame with {code}: {when}.", closing(code), category,
        scope=scope) for code, (when, category, scope) in CODES.items()},
    'ws-turned-away': FailureKind(
        "WebSocket: the request for it is granted, and a Close frame with 1008 comes at once: a server that looks at "
        "tickets only then.", (UPGRADE,), at_once(closing(1008)), (), 'B', 'request', True),
    'ws-cut': kind(
        "WebSocket: in the place of a message the connection closes, without a Close frame: uvicorn and aiohttp do so when a "
        "handler raises.", Fault(then=CUT), 'F'),
    'ws-cut-reset': kind(
        "WebSocket: in the place of a message the connection is reset.", Fault(then=RESET), 'F'),
    'ws-cut-inside': kind(
        "WebSocket: half of a message comes, and the connection closes.", Fault(half=True, then=CUT), 'E', (RECEIVED,)),
    'ws-cut-inside-reset': kind(
        "WebSocket: half of a message comes, and the connection is reset.", Fault(half=True, then=RESET), 'E', (RECEIVED,)),
    DROPPED: kind(
        "WebSocket: a message is lost, and all goes on. Messages are compressed each by itself then.", Fault(), 'C',
        (*EITHER, OUT_OF_LINE)),
    DOUBLED: kind(
        f"WebSocket: a message comes twice. For one in a single frame of {MAX_DOUBLED_BYTES // 1024} KiB at most; messages are "
        f"compressed each by itself then.", Fault(passes=True, doubled=True), 'C', (*EITHER, OUT_OF_LINE)),
    'ws-no-pong': FailureKind(
        "WebSocket: the server answers pings no more, from a message on, or from the beginning; all else passes.",
        (*EITHER, UPGRADE), at_once(Fault(passes=True, no_pong=True)), (), 'D', 'server', True),
    'ws-protocol-error': kind(
        "WebSocket: in the place of a message the client gets a frame of a kind that there is not, and gives the connection up "
        "with 1002.", Fault(frames.frame(NO_SUCH_KIND, b''), then=CLOSING, lingers=True), 'E'),
    'ws-bad-utf8': kind(
        "WebSocket: in the place of a message the client gets a text that is not UTF-8, and gives the connection up with 1007.",
        Fault(frames.frame(frames.TEXT, BAD_TEXT), then=CLOSING, lingers=True), 'E'),
    'ws-too-big': kind(
        "WebSocket: in the place of a message the client gets the beginning of one of 1 TiB. One that bounds what it takes gives "
        "the connection up with 1009.", Fault(frames.head(frames.TEXT, TOO_BIG_BYTES), then=CLOSING, lingers=True), 'E'),
    'ws-refused': refused(503, 'A', RETRY_AFTER),
    'ws-refused-403': refused(403, 'B'),
    'ws-refused-429': refused(429, 'A', RETRY_AFTER),
    'ws-refused-200': FailureKind(
        "WebSocket: the request for it is answered with 200 and a page: a server, or a balancer, that knows nothing of it.",
        (UPGRADE,), not_found, (), 'B', 'server', True),
    'ws-bad-accept': FailureKind(
        "WebSocket: the request for it is granted with the Sec-WebSocket-Accept of another one.", (UPGRADE,), bad_accept, (),
        'B', 'server', True),
}
