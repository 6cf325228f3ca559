"""How servers of gRPC, and what stands before them, fail: the table of kinds and the frames of each. Knows no loop.

Statuses are those of the page "Status codes and their use in gRPC"; where one comes before any message it is told in headers that
end the stream ("Trailers-Only"). The words are those that servers say, which the table names.
"""
from collections.abc import Callable
from typing import Any, Final

from ...base import Exchange
from ...message import Failure, FailureKind, MessageProtocol
from ..answers import CALL_STATUSES
from ..events.failures import noted
from ..events.plan import ON, StreamFault
from ..h2 import frames
from ..h2.failures import RESPONSE, Fault, Make, builder, refusal
from ..h2.heads import GRPC, Asked
from ..h2.hpack import encoded
from ..h2.messages import Messages
from ..headers import CALL
from ..written import RETRY_AFTER, Field
from .messages import messages_of

STAGES: Final = (CALL,)
EMPTY_MESSAGE: Final = bytes(5)     #: of no bytes: in protobuf every field has its default
BROKEN_MESSAGE: Final = bytes((0, 0, 0, 0, 16)) + b'vaurien!'   #: 8 bytes of 16
LONG_MESSAGE: Final = b'\0' + (5_000_000).to_bytes(4)       #: the beginning of one; clients take 4 MiB
COMPRESSED_MESSAGE: Final = bytes((1, 0, 0, 0, 8)) + b'vaurien!'
ODD_STATUS: Final = 99
CUT_STATUS, CUT_WORDS = 'UNAVAILABLE', 'Cancelling all calls'      #: a server of grpcio that is stopped says so


def status_fields(name: str, words: str) -> list[tuple[bytes, bytes]]:
    """Return the fields that say how a call has ended; words are ASCII without ``%``."""
    message = [(b'grpc-message', words.encode('ascii'))] if words else []
    return [(b'grpc-status', b'%d' % CALL_STATUSES.index(name)), *message]


def head(asked: Asked, *more: tuple[bytes, bytes], end: bool = False) -> bytes:
    """Write the headers of a response of gRPC."""
    lines = (b':status', b'200'), (b'content-type', GRPC), (b'server', b'vaurien'), *more
    return frames.headers(asked.stream, encoded([(*line, False) for line in lines]), frames.END_STREAM if end else 0)


def trailers(asked: Asked, name: str, words: str = '') -> bytes:
    """Write what ends a response."""
    coded = encoded([(*line, False) for line in status_fields(name, words)])
    return frames.headers(asked.stream, coded, frames.END_STREAM)


def trailers_only(name: str, words: str, *more: tuple[bytes, bytes]) -> Make:
    """Return a maker of responses that say a status and nothing else. They do not wait for the end of the request: the client of
    a stream may wait for its first message before it goes on."""
    def make(asked: Asked) -> Fault:
        reply = head(asked, *status_fields(name, words), *more, end=True)
        return Fault(reply, at_once=True, status=200, call=CALL_STATUSES.index(name))
    return make


def with_content(content: bytes, end: bool) -> Make:
    """Return a maker of responses with this content; what follows says OK, or, where that ends the stream, nothing does."""
    def make(asked: Asked) -> Fault:
        reply, rest = head(asked) + frames.frame(frames.DATA, end, asked.stream, content), b'' if end else trailers(asked, 'OK')
        return Fault(reply + rest, len(content), at_once=True, status=200, call=None if end else 0)
    return make


def told(make: Callable[[Asked, Any], Fault], option: str) -> Callable[[MessageProtocol, Exchange], Failure]:
    """Return a builder that gets the value of an option of the protocol."""
    def build(protocol: MessageProtocol, exchange: Exchange) -> Failure:
        value = protocol.option(option)
        return builder(lambda asked: make(asked, value))(protocol, exchange)
    return build


def odd_status(asked: Asked) -> Fault:
    """End a call with a status that there is not."""
    reply = head(asked, (b'grpc-status', b'%d' % ODD_STATUS), end=True)
    return Fault(reply, at_once=True, status=200, call=ODD_STATUS)


def too_long(asked: Asked) -> Fault:
    """Begin a message that is longer than clients take, and never go on: they need no more to give the call up."""
    reply = head(asked) + frames.frame(frames.DATA, 0, asked.stream, LONG_MESSAGE)
    return Fault(reply, len(LONG_MESSAGE), at_once=True, then='silence', status=200)


def cut(asked: Asked, count: int) -> Fault:
    """Let so many messages of the response pass, and say that the server ends all calls."""
    reply = trailers(asked, CUT_STATUS, CUT_WORDS)
    return Fault(reply, drops=RESPONSE, half=True, call=CALL_STATUSES.index(CUT_STATUS), passes=Messages(count))


def cut_by(write: Callable[[Asked], bytes], then: str = '') -> Callable[[Asked, int], Fault]:
    """Return a maker of responses of which so many messages pass, and then these frames; ``then`` is that of ``Fault``."""
    def make(asked: Asked, count: int) -> Fault:
        return Fault(write(asked), drops=RESPONSE, half=True, then=then, passes=Messages(count))
    return make


def slow(protocol: MessageProtocol, exchange: Exchange) -> Failure:
    """Let so many messages of the response pass in a second, and its trailers after the last."""
    return noted(exchange, StreamFault(ON, after=0, rate=protocol.option('grpc_rate'), reads=messages_of))


def pushback(asked: Asked, wait: int) -> Fault:
    """Refuse a call, and say when it may come again."""
    return trailers_only('UNAVAILABLE', WORDS['UNAVAILABLE'][0], (b'grpc-retry-pushback-ms', b'%d' % wait))(asked)


#: by status: what is said with it, whose words these are and what they mean, the class, whose state it is, only by its name
WORDS: Final[dict[str, tuple[str, str, str, str, bool]]] = {
    'CANCELLED': ('context canceled', "a server in Go whose own call to another was cancelled says so", 'B', 'request', False),
    'UNKNOWN': ('Exception calling application: [Errno 32] Broken pipe', "the handler has raised, in a server of grpcio", 'B',
                'request', False),
    'INVALID_ARGUMENT': ('etcdserver: key is not provided', "etcd says so of a request without a key", 'B', 'request', True),
    'DEADLINE_EXCEEDED': ('context deadline exceeded', "a server in Go has waited too long for another one, before the client "
                          "gives up", 'A', 'server', False),
    'NOT_FOUND': ('etcdserver: requested lease not found', "etcd says so of a lease that has expired", 'B', 'request', True),
    'ALREADY_EXISTS': ('Resource already exists in the project', "a service of Google Cloud says so of a second creation", 'B',
                       'request', True),
    'PERMISSION_DENIED': ('RBAC: access denied', "Envoy says so where a policy refuses the call", 'B', 'request', False),
    'RESOURCE_EXHAUSTED': ('Concurrent RPC limit exceeded!', "a server of grpcio with maximum_concurrent_rpcs has too many calls",
                           'A', 'server', False),
    'FAILED_PRECONDITION': ('etcdserver: lease already exists', "etcd says so of a lease that is there", 'B', 'request', True),
    'ABORTED': ('Too much contention on these documents. Please try again.', "two transactions have met, in Firestore's words",
                'A', 'request', False),
    'OUT_OF_RANGE': ('etcdserver: mvcc: required revision has been compacted', "etcd says so of a revision that it has forgotten",
                     'B', 'request', True),
    'UNIMPLEMENTED': ('Method not found!', "a server of grpcio knows no such method, as one of another version", 'B', 'request',
                      False),
    'INTERNAL': ('Failed to serialize response!', "a server of grpcio cannot write what the handler has returned", 'B', 'request',
                 False),
    'UNAVAILABLE': ('upstream connect error or disconnect/reset before headers. reset reason: connection termination',
                    "Envoy says so where no server behind it can be reached", 'A', 'server', False),
    'DATA_LOSS': ('etcdserver: corrupt cluster', "etcd says so where its members differ", 'B', 'server', True),
    'UNAUTHENTICATED': ('Jwt is expired', "Envoy says so of a token that is too old", 'B', 'request', False),
}
#: by status of HTTP: what clients make of it, the class, whose state it is, only by its name, further fields
PAGES: Final[dict[int, tuple[str, str, str, bool, tuple[Field, ...]]]] = {
    400: ('INTERNAL', 'B', 'request', True, ()), 401: ('UNAUTHENTICATED', 'B', 'request', True, ()),
    403: ('PERMISSION_DENIED', 'B', 'request', True, ()), 404: ('UNIMPLEMENTED', 'B', 'request', True, ()),
    429: ('UNAVAILABLE', 'A', 'server', True, (RETRY_AFTER,)), 500: ('UNKNOWN', 'A', 'request', True, ()),
    502: ('UNAVAILABLE', 'A', 'server', False, ()), 503: ('UNAVAILABLE', 'A', 'server', False, (RETRY_AFTER,)),
    504: ('UNAVAILABLE', 'A', 'server', False, ()),
}


def kind_of(status: str) -> str:
    """Return the kind by its status: ``grpc-not-found`` by ``NOT_FOUND``."""
    return 'grpc-' + status.lower().replace('_', '-')


#: by what follows the messages that pass: what that is, the class, its maker
CUTS: Final[dict[str, tuple[str, str, Callable[[Asked, int], Fault]]]] = {
    'grpc-cut-reset': ('RST_STREAM with INTERNAL_ERROR, as of a handler that fails in a server that is not of gRPC', 'E',
                       cut_by(lambda asked: frames.reset(asked.stream, frames.INTERNAL_ERROR))),
    'grpc-cut-cancel': ('RST_STREAM with CANCEL, as of a balancer whose time for a stream is over', 'E',
                        cut_by(lambda asked: frames.reset(asked.stream, frames.CANCEL))),
    'grpc-cut-close': ('the connection closes, as of a server that is killed, and with it all calls', 'E',
                       cut_by(lambda asked: b'', 'close')),
    'grpc-cut-stall': ('nothing more, as of a server that hangs', 'D', cut_by(lambda asked: b'', 'silence')),
    'grpc-goaway': ('GOAWAY, and the connection closes, as of a server whose time to shut down is over', 'F',
                    cut_by(lambda asked: frames.goaway(asked.stream, frames.NO_ERROR), 'close')),
}
ERRORS: Final = {
    **{kind_of(status): FailureKind(
        f"gRPC: {status} before any message, \"{words}\": {when}.", STAGES, builder(trailers_only(status, words)),
        (str(CALL_STATUSES.index(status)), status), category, scope, only_named)
       for status, (words, when, category, scope, only_named) in WORDS.items()},
    'grpc-retry-pushback': FailureKind(
        "gRPC: UNAVAILABLE, with grpc-retry-pushback-ms: a client that retries waits so long; or, with -1, retries no more. The "
        "option grpc_pushback says how long.", STAGES, told(pushback, 'grpc_pushback'), (), 'A', 'server', True),
    **{f'grpc-http-{status}': FailureKind(
        f"gRPC: a balancer answers, and not in gRPC: HTTP {status} with a page. Clients make {meant} of it.", STAGES,
        builder(refusal(status, *more)), (), category, scope, only_named)
       for status, (meant, category, scope, only_named, more) in PAGES.items()},
    'grpc-no-status': FailureKind(
        "gRPC: an empty message comes, and the stream ends without a status. grpcio makes UNKNOWN of it, grpc-js INTERNAL.",
        STAGES, builder(with_content(EMPTY_MESSAGE, True)), (), 'E', 'request', True),
    'grpc-half-message': FailureKind(
        "gRPC: half of a message comes, and then OK. To the client of a stream it is the end, and all is well; one that expects "
        "one response has none, and grpcio gives None for it.",
        STAGES, builder(with_content(BROKEN_MESSAGE, False)), (), 'E', 'request', True),
    'grpc-two-messages': FailureKind(
        "gRPC: two empty messages come, where one is expected, and then OK. To the client of a stream they are two.",
        STAGES, builder(with_content(EMPTY_MESSAGE * 2, False)), (), 'E', 'request', True),
    'grpc-message-too-long': FailureKind(
        "gRPC: a message begins that has 5,000,000 bytes, more than clients take. They make RESOURCE_EXHAUSTED of it.",
        STAGES, builder(too_long), (), 'E', 'request', True),
    'grpc-compressed': FailureKind(
        "gRPC: a message says that it is compressed, and the headers do not say how. Clients make INTERNAL of it.",
        STAGES, builder(with_content(COMPRESSED_MESSAGE, False)), (), 'E', 'request', True),
    'grpc-odd-status': FailureKind(
        "gRPC: a status that there is not, 99. grpcio makes UNKNOWN of it, grpc-js hands on the number.",
        STAGES, builder(odd_status), (), 'E', 'request', True),
    **{kind: FailureKind(
        f"gRPC: as many messages of the response pass as the option grpc_cut_after says, and then {what}.", STAGES,
        told(make, 'grpc_cut_after'), (), category, 'request', True)
       for kind, (what, category, make) in CUTS.items()},
    'grpc-cut': FailureKind(
        f"gRPC: a server of grpcio is stopped in the middle of a stream: the request reaches it, one message of its response "
        f"passes, or as many as the option grpc_cut_after says, and then {CUT_STATUS}, \"{CUT_WORDS}\". Where the backend "
        f"refuses a call before any message, that passes.", STAGES, told(cut, 'grpc_cut_after'), (), 'E', 'request', True),
    'grpc-slow': FailureKind(
        "gRPC: the server is short of power: only so many messages of the response pass in a second as the option grpc_rate "
        "says, the first one after its share, too, and the status after the last. A call that is refused before any message is "
        "not slowed.", STAGES, slow, (), 'D', 'server', True),
}
