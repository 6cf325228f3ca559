"""gRPC's health check (the page "GRPC Health Checking Protocol"), which says that all is well. Knows bytes, and no stream."""
from typing import Final, NamedTuple

CHECK, WATCH = '/grpc.health.v1.Health/Check', '/grpc.health.v1.Health/Watch'
#: services that there are; empty: the server as a whole
SERVICES: Final = ('', 'grpc.health.v1.Health')
OK, INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED = 0, 3, 5, 12    #: statuses of gRPC
SERVICE_FIELD: Final = 0x0a     #: the first field of the request, a text (protobuf)
#: the response's only field: ``SERVING``, and ``SERVICE_UNKNOWN``
SERVING, SERVICE_UNKNOWN = b'\x08\x01', b'\x08\x03'
PREFIX: Final = 5               #: [bytes] before a message: whether it is compressed, and its length


class Ended(NamedTuple):
    """How a call is answered.

    Args:
        messages: The messages of the response, with what stands before each.
        status: The status that it ends with; None: it goes on until the client ends it.
        words: What is said with the status; ASCII without ``%``.
    """

    messages: tuple[bytes, ...]
    status: int | None
    words: str = ''


def answer(path: str, body: bytes) -> Ended:
    """Answer a call."""
    if path not in (CHECK, WATCH):
        return Ended((), UNIMPLEMENTED, 'Method not found!')
    service = read_service(body)
    if service is None:
        return Ended((), INVALID_ARGUMENT, 'this is no HealthCheckRequest')
    known = service in SERVICES
    if path == WATCH:
        return Ended((message(SERVING if known else SERVICE_UNKNOWN),), None)
    return Ended((message(SERVING),), OK) if known else Ended((), NOT_FOUND, 'unknown service')


def message(data: bytes) -> bytes:
    """Write a message, uncompressed."""
    return b'\0' + len(data).to_bytes(4) + data


def read_service(body: bytes) -> str | None:
    """Return the name of the service that a request is about, of at most 127 bytes; None: it is no such request."""
    size = int.from_bytes(body[1:PREFIX])
    data = body[PREFIX:]
    if len(body) < PREFIX or body[0] or len(data) != size:
        return None
    if not data:
        return ''
    if data[0] != SERVICE_FIELD or len(data) < 2 or data[1] != len(data) - 2 or data[1] > 127:
        return None
    return data[2:].decode('utf-8', 'replace')
