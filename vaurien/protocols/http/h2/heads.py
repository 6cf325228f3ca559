"""What the headers of a request and of its response say in HTTP/2, RFC 9113 section 8.3. Knows no frame and no failure."""
from typing import Any

from ...base import Exchange
from ...message import MAX_NAME_BYTES
from ...traceparent import TRACEPARENT, only_one
from ..headers import BARE_STREAM, CALL, KEY, KEYED_STREAM, STREAM, UPGRADE_STREAM, digest_of
from .frames import FRAME_BYTES, WINDOW
from .hpack import Field

GRPC = b'application/grpc'      #: the content type of a call, and what it begins with
MAX_STATUS_DIGITS = 4           #: of a status of gRPC; there are 17 of them
UNKNOWN = 0     #: as a status: the response has not come, or says none


class Asked:
    """What is noted of a request.

    Attributes:
        stream: The number of its stream, as the client has it.
        before: The largest number that the client may have used before it.
        bodiless: It is a HEAD or a CONNECT: a successful response has no page.
        waits: The client holds its body back until it is told to go on.
        status: That of the response, once it is known; 0: it is not.
        room: [bytes] that the client takes in one frame.
        window: [bytes] of content that the client takes of a new stream.
        call: How a call of gRPC was answered, the number of its status; None: that was not told.
        authority: Whom the client has asked, noted where headers are changed.
        key: Of its Idempotency-Key the CRC-32, 8 hexadecimal digits; empty: it has none.
        trace: The ``traceparent`` that it carries, noted where spans are made; empty: none.
        fault: The ``Fault`` that happens to it; None: nothing, or what a behavior does itself.
    """

    __slots__ = ('stream', 'before', 'bodiless', 'waits', 'status', 'room', 'window', 'call', 'authority', 'key', 'trace',
                 'fault')

    def __init__(self, stream: int, bodiless: bool = False, waits: bool = False) -> None:
        self.stream, self.bodiless, self.waits = stream, bodiless, waits
        self.before, self.status, self.room, self.window = max(stream - 2, 0), UNKNOWN, FRAME_BYTES, WINDOW
        self.call: int | None = None
        self.key, self.authority, self.trace = '', b'', ''
        self.fault: Any = None


def exchange_of(stream: int, fields: list[Field], origin: bytes = b'') -> Exchange:
    """Make the exchange of a request: its name is method and path, or, where it has no path, what it is to be connected to. That
    of a call of gRPC is the path alone, which says service and method.

    Args:
        stream: The number of its stream.
        fields: Its headers.
        origin: What stands before the path, where a forward proxy has opened the connection.
    """
    found = {name: value for name, value, _ in fields}
    method = found.get(b':method', b'')
    path = found.get(b':path', b'')
    target = origin + path.removeprefix(b'*') if origin and path else path or found.get(b':authority', b'')
    if method == b'POST' and is_grpc(found.get(b'content-type', b'')):
        return Exchange(target[:MAX_NAME_BYTES], CALL, True, Asked(stream))
    bodiless = method in (b'HEAD', b'CONNECT')
    socket = method == b'CONNECT' and found.get(b':protocol') == b'websocket'     # RFC 8441
    asked = Asked(stream, bodiless, socket or found.get(b'expect', b'').lower() == b'100-continue')
    if KEY in found:
        asked.key = digest_of([value for name, value, _ in fields if name == KEY])
    stage = UPGRADE_STREAM if socket else BARE_STREAM if bodiless else KEYED_STREAM if asked.key else STREAM
    return Exchange((method + b' ' + target)[:MAX_NAME_BYTES], stage, True, asked)


def is_grpc(content_type: bytes) -> bool:
    """Return whether content is that of gRPC: ``application/grpc``, with or without what it is made of, as in ``+proto``. That of
    gRPC-Web is not, which has its status in the body."""
    return content_type.startswith(GRPC) and content_type[len(GRPC):len(GRPC) + 1] in (b'', b'+', b';')


def trace_of(fields: list[Field]) -> str:
    """Return the ``traceparent`` of a request; empty: it has none that is valid."""
    return only_one([value for name, value, _ in fields if name == TRACEPARENT])


def call_status_of(fields: list[Field]) -> int | None:
    """Return what headers or trailers say of a call of gRPC, the number of its status; None: nothing that is one."""
    for name, value, _ in fields:
        if name == b'grpc-status':
            return int(value) if value.isdigit() and len(value) <= MAX_STATUS_DIGITS else None
    return None


def status_of(fields: list[Field]) -> int:
    """Return the status of a response; 0: these are trailers."""
    for name, value, _ in fields:
        if name == b':status':
            return int(value) if len(value) == 3 and value.isdigit() else UNKNOWN
    return UNKNOWN


def length_of(fields: list[Field]) -> int | None:
    """Return the length that a message declares [bytes]; None: it declares none."""
    for name, value, _ in fields:
        if name == b'content-length' and value.isdigit() and len(value) < 19:
            return int(value)
    return None
