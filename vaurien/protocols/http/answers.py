"""How responses read to those who record, and where the body of a request begins. Knows the first line, and no framer."""
from ..answers import OK, Answer

#: by their numbers, from 0 on: the page "Status codes and their use in gRPC"
CALL_STATUSES = ('OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS',
                 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED',
                 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED')
SUCCESS = 200
FIRST_ERROR = '400'     #: status codes from which on a response is an error (RFC 9110 section 15)
END_OF_HEADERS = b'\r\n\r\n'


def read_status(head: bytes) -> Answer:
    """Read the first line of a response: ``HTTP/1.1 503 Service Unavailable``."""
    words = head.split(None, 2)
    status = words[1][:3].decode('ascii', 'replace') if len(words) > 1 else ''
    return (status if status >= FIRST_ERROR else OK), status


def read_call(status: int, call: int | None) -> Answer:
    """Read how a call of gRPC was answered.

    Args:
        status: The status of HTTP; 0: no headers have come.
        call: The status of gRPC; None: there was none, which is UNKNOWN.
    """
    if not status or status != SUCCESS and call is None:
        return read_status(b'HTTP/2 %d' % status)
    if call == 0:
        return OK, '0'
    known = call is not None and call < len(CALL_STATUSES)
    return CALL_STATUSES[call] if call is not None and known else 'UNKNOWN', '' if call is None else str(call)


def body_at(data: bytes, at: int, end: int) -> int:
    """Return where the body begins in the first part of a request, which has all of its headers."""
    found = data.find(END_OF_HEADERS, at, end)
    return end if found < 0 else found + len(END_OF_HEADERS)
