"""How grpcio and grpc-js meet the failures of gRPC and of HTTP/2, in front of a server of grpcio."""
import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import grpc

from tests.support.grpc_peers import DOWN, UNARY, UP, channel
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.http.grpc.failures import PAGES, WORDS, kind_of
from vaurien.protocols.http.h2.failures import RESETS

from .node import GRPC_CLIENT, IMPATIENT_GRPC, with_grpc
from .rows import ANEW, KEPT, REOPENED, Client, Row

SERVER = 'grpc_server'
SOON = 400 * MS     #: [s] until the deadline of a client that waits in vain
UNARY_ERROR, STREAM_ERROR = 'grpc._channel._InactiveRpcError', 'grpc._channel._MultiThreadedRendezvous'


class Calls:
    """A channel, and how long its calls may take [s]."""

    def __init__(self, opened: grpc.Channel, seconds: float) -> None:
        self.unary = partial(opened.unary_unary(UNARY), timeout=seconds)
        self.down = partial(opened.unary_stream(DOWN), timeout=seconds)
        self.up = partial(opened.stream_unary(UP), timeout=seconds)


@contextlib.contextmanager
def with_grpcio(port: int, seconds: float = PATIENCE) -> Iterator[Calls]:
    """Call through a channel of its own."""
    with channel(port) as opened:
        yield Calls(opened, seconds)


def works(calls: Calls) -> None:
    """Make a call of each of two sorts."""
    assert calls.unary(b'hello') == b'hello'
    assert len(list(calls.down(b'2'))) == 2


def code(error: Any) -> object:
    """Return the status that an error carries."""
    return error.code().name


GRPCIO = Client('grpcio', with_grpcio, works, code)
IMPATIENT = Client('grpcio, with a deadline', partial(with_grpcio, seconds=SOON), works, code)


def unary(calls: Calls) -> str:
    """Call for one response."""
    return str(calls.unary(b'hello'))


def stream(calls: Calls) -> str:
    """Call for a stream."""
    return str(list(calls.down(b'2')))


def long_stream(calls: Calls) -> str:
    """Call for a stream of more messages than there is time for, where each has a second."""
    return str(len(list(calls.down(b'30'))))


def upload(calls: Calls) -> str:
    """Call, and then send more than the first window takes."""
    calls.unary(b'hello')
    return str(len(calls.up(iter([bytes(100_000)] * 2))))


def twice(calls: Calls) -> str:
    """Call twice."""
    calls.unary(b'hello')
    return unary(calls)


def itself(status: str, words: str, act: Callable[[Any], str], *more: tuple[str, str],
           opened: Callable[[int], Any] = with_grpcio) -> Callable[[Any], object]:
    """Return what lets the server's own handlers end all calls with a status, and calls."""
    def fails(server: Any) -> object:
        server.echo.fails = grpc.StatusCode[status], words, more
        try:
            with opened(server.port) as calls:
                return act(calls)
        finally:
            server.echo.fails = None
    return fails


def refused(kind: str, status: str, words: str, *more: tuple[str, str]) -> list[Row]:
    """Make the rows of a status that comes before any message."""
    how = f'its handler aborts the call with {status}'
    return [Row(kind, GRPCIO, did, act, f'{met} {status}', KEPT, how=how, real=itself(status, words, act, *more))
            for did, act, met in (('unary call', unary, UNARY_ERROR), ('server stream', stream, STREAM_ERROR))] + [
        Row(kind, GRPC_CLIENT, 'unary call', unary, f'Error {status}', how=how,
            real=itself(status, words, unary, *more, opened=with_grpc))]


def row(kind: str, met: str, afterwards: str = KEPT, did: str = 'unary call', act: Callable[[Calls], str] = unary,
        client: Client = GRPCIO) -> Row:
    """Make a row of what a server of grpcio cannot be asked to do."""
    return Row(kind, client, did, act, f'{UNARY_ERROR} {met}' if met.isupper() else met, afterwards)


#: what a call meets where the stream, or the connection, fails below gRPC. What comes of a broken header block, or of a response
#: of HTTP/1, is a race in grpcio: those are among the rows of http alone
BELOW = {
    'refused-stream': ('UNAVAILABLE', KEPT), 'internal-error': ('INTERNAL', KEPT),
    'enhance-your-calm': ('RESOURCE_EXHAUSTED', KEPT), 'cancel': ('CANCELLED', KEPT),
    'http11-required': ('INTERNAL', KEPT), 'lost-reply': ('INTERNAL', KEPT),
    'half-reply': ('INTERNAL', KEPT), 'goaway-refused': ("b'hello'", REOPENED), 'goaway-drain': ("b'hello'", REOPENED),
    'goaway-calm': ("b'hello'", REOPENED), 'goaway-idle': ("b'hello'", REOPENED),
   '500': ('UNKNOWN', KEPT), '501': ('UNKNOWN', KEPT),
    **dict.fromkeys(('502', '503', '504', '429'), ('UNAVAILABLE', KEPT)),
}
#: kind -> what a unary call of grpc-js meets, and what it works on with, where grpcio cannot be asked to fail so
MET_BY_JS = {
    **{f'grpc-http-{status}': (met, KEPT) for status, (met, *_) in PAGES.items()},
    **{kind: BELOW[kind] for kind in ('internal-error', 'enhance-your-calm', 'cancel', 'http11-required', 'lost-reply',
                                      'half-reply', '500', '501', '502', '503', '504', '429')},
    **dict.fromkeys(RESETS, ('INTERNAL', KEPT)), 'inadequate-security': ('PERMISSION_DENIED', KEPT),
    'goaway-calm': ('RESOURCE_EXHAUSTED', REOPENED), 'grpc-no-status': ('INTERNAL', KEPT),
    'grpc-half-message': ('UNIMPLEMENTED', KEPT), 'grpc-message-too-long': ('RESOURCE_EXHAUSTED', KEPT),
    'grpc-compressed': ('undefined', KEPT), 'grpc-odd-status': ('99', KEPT), 'grpc-cut': ('UNAVAILABLE', KEPT),
    'grpc-cut-reset': ('INTERNAL', KEPT), 'grpc-cut-cancel': ('CANCELLED', KEPT), 'grpc-cut-close': ('UNAVAILABLE', REOPENED),
    'grpc-goaway': ('UNAVAILABLE', REOPENED),
}
#: after one message of a stream: what grpcio meets, and what it works on with
CUT = {'grpc-cut-reset': ('INTERNAL', KEPT), 'grpc-cut-cancel': ('CANCELLED', KEPT), 'grpc-cut-close': ('UNAVAILABLE', REOPENED),
       'grpc-goaway': ('UNAVAILABLE', REOPENED)}
ROWS = [
    *(made for status, (words, *_) in WORDS.items() for made in refused(kind_of(status), status, words)),
    *refused('grpc-retry-pushback', 'UNAVAILABLE', WORDS['UNAVAILABLE'][0], ('grpc-retry-pushback-ms', '1000')),
    *(row(f'grpc-http-{status}', met) for status, (met, *_) in PAGES.items()),
    row('grpc-no-status', 'UNKNOWN'),
    row('grpc-half-message', 'None'), row('grpc-half-message', '[]', did='server stream', act=stream),
    row('grpc-cut', 'UNAVAILABLE'),
    Row('grpc-cut', GRPCIO, 'server stream', stream, f'{STREAM_ERROR} UNAVAILABLE'),
    *(row(kind, met, afterwards) for kind, (met, afterwards) in BELOW.items()),
    *(row(kind, 'PERMISSION_DENIED' if kind == 'inadequate-security' else 'INTERNAL') for kind in RESETS),
    row('grpc-two-messages', 'DEADLINE_EXCEEDED', client=IMPATIENT),
    row('grpc-message-too-long', 'RESOURCE_EXHAUSTED'), row('grpc-compressed', 'INTERNAL'), row('grpc-odd-status', 'UNKNOWN'),
    *(Row(kind, GRPCIO, 'server stream', stream, f'{STREAM_ERROR} {met}', afterwards) for kind, (met, afterwards) in CUT.items()),
    Row('grpc-cut-stall', IMPATIENT, 'server stream', stream, f'{STREAM_ERROR} DEADLINE_EXCEEDED'),
    *(Row(kind, GRPC_CLIENT, 'unary call', unary, f'Error {met}', afterwards) for kind, (met, afterwards) in MET_BY_JS.items()),
    *(Row(kind, GRPC_CLIENT, 'unary call', unary, 'hello', REOPENED)
      for kind in ('goaway-refused', 'goaway-drain', 'goaway-idle')),
    Row('refused-stream', GRPC_CLIENT, 'unary call', unary, 'hello'),       # it tries again by itself
    Row('grpc-half-message', GRPC_CLIENT, 'server stream', stream, '[]'),
    Row('grpc-two-messages', GRPC_CLIENT, 'server stream', stream, '[0, 0]'),
    Row('grpc-cut', GRPC_CLIENT, 'server stream', stream, 'Error UNAVAILABLE'),
    *(Row(kind, IMPATIENT_GRPC, 'unary call', unary, 'Error DEADLINE_EXCEEDED')
      for kind in ('grpc-two-messages', 'grpc-cut-stall')),
    row('grpc-slow', "b'hello'"),
    Row('grpc-slow', IMPATIENT, 'server stream', long_stream, f'{STREAM_ERROR} DEADLINE_EXCEEDED'),
    Row('grpc-slow', GRPC_CLIENT, 'unary call', unary, 'hello'),
    Row('grpc-slow', IMPATIENT_GRPC, 'server stream', long_stream, 'Error DEADLINE_EXCEEDED'),
    row('stalled-window', 'DEADLINE_EXCEEDED', ANEW, 'unary call, client stream', upload, IMPATIENT),
    row('no-streams', 'DEADLINE_EXCEEDED', ANEW, 'two unary calls', twice, IMPATIENT),
]
