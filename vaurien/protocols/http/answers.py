"""How responses read to those who record, and where the body of a request begins. Knows the first line, and no framer."""
from ..answers import OK, Answer

FIRST_ERROR = '400'     #: status codes from which on a response is an error (RFC 9110 section 15)
END_OF_HEADERS = b'\r\n\r\n'


def read_status(head: bytes) -> Answer:
    """Read the first line of a response: ``HTTP/1.1 503 Service Unavailable``."""
    words = head.split(None, 2)
    status = words[1][:3].decode('ascii', 'replace') if len(words) > 1 else ''
    return (status if status >= FIRST_ERROR else OK), status


def body_at(data: bytes, at: int, end: int) -> int:
    """Return where the body begins in the first part of a request, which has all of its headers."""
    found = data.find(END_OF_HEADERS, at, end)
    return end if found < 0 else found + len(END_OF_HEADERS)
