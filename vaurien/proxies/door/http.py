"""A forward proxy asked by HTTP/1.x: CONNECT (RFC 9110 section 9.3.6), or a request in absolute form (RFC 9112 section 3.2.2).

Bytes only. What two readers could understand differently is refused, as ``protocols/http`` does not follow it.
"""
import errno
import re

from ...address import Address, join
from ...errors import ProtocolError
from ...protocols.http.failures import write_headers
from ...protocols.http.headers import (
    BEGUN_REQUEST,
    CRLF,
    END_OF_HEADERS,
    check_first_line,
    check_line_ends,
    closing,
    read_request,
    with_field,
)
from ...protocols.message import MAX_HELD_BYTES
from ...words.hosts import PORTS, join_host, one_form
from .asked import Asked, DoorRefusedError

ESTABLISHED = b'HTTP/1.1 200 Connection established\r\n\r\n'
PLAIN_TEXT = 'Content-Type', 'text/plain; charset=utf-8'
ABSOLUTE = re.compile(rb'(?P<scheme>https?)://(?:[^/?#@]*@)?(?P<authority>[^/?#@]+)(?P<rest>(?:[/?][^#]*)?)', re.IGNORECASE)
AUTHORITY = re.compile(rb'(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?')
#: fields that are meant for the proxy, and for nobody after it
FOR_PROXY = frozenset((b'proxy-connection', b'proxy-authorization'))
MALFORMED = 'it is no request of HTTP/1.x that all readers understand alike'
NO_FORM = 'this is a forward proxy of vaurien: it takes CONNECT HOST:PORT, requests for http://HOST/ and SOCKS5'


def refusal(status: int, reason: str) -> bytes:
    """Return a response that says why there is nothing better."""
    body = f'{reason}\n'.encode('utf-8', 'replace')
    return write_headers(status, False, PLAIN_TEXT, ('Content-Length', str(len(body)))) + body


class HttpDoor:
    """Reads one request; see ``Door``."""

    def __init__(self) -> None:
        self.asked: Asked | None = None
        self.reply = b''
        self._held = bytearray()
        self._lined = False     # the first line has come, and is good

    def take(self, data: bytes) -> int:
        held, seen = self._held, len(self._held)
        held += data
        end = held.find(END_OF_HEADERS, max(seen - 3, 0), MAX_HELD_BYTES) + 4
        try:
            if end >= 4:
                self.asked = read_asked(bytes(held[:end]))
                return end - seen
            if len(held) >= MAX_HELD_BYTES:
                raise refused(400, f'no end of the headers within {MAX_HELD_BYTES} bytes')
            self._lined = self._lined or check_first_line(held, 0, seen, BEGUN_REQUEST)     # type: ignore[arg-type]
            check_line_ends(held, 0, seen)      # type: ignore[arg-type]
        except ProtocolError as error:
            raise refused(400, f'{MALFORMED}: {error}') from None
        return len(data)

    def accepted(self) -> bytes:
        return ESTABLISHED

    def failed(self, code: int, reason: str) -> bytes:
        return refusal(504 if code == errno.ETIMEDOUT else 502, reason)


def refused(status: int, reason: str) -> DoorRefusedError:
    return DoorRefusedError(refusal(status, reason), reason)


def read_asked(headers: bytes) -> Asked:
    """Read the headers of a request to a proxy.

    Raises:
        ProtocolError: They are none of HTTP/1.x, or readers may disagree about them.
        DoorRefusedError: They ask for nothing that a forward proxy has.
    """
    request = read_request.__wrapped__(headers)
    method, target, version = headers[:headers.index(CRLF)].split(b' ')
    if request.connect:
        return Asked(read_authority(target, None))
    found = ABSOLUTE.fullmatch(target)
    if found is None:
        raise refused(400, NO_FORM)
    scheme = found['scheme'].decode().lower()
    address = read_authority(found['authority'], PORTS[scheme])
    path = found['rest'] if found['rest'].startswith(b'/') else b'/' + found['rest']
    host = join_host(address.host) if address.port == PORTS[scheme] else join(address.host, address.port or 0)
    lines = headers[headers.index(CRLF):].split(CRLF)
    kept = CRLF.join(line for line in lines if line.partition(b':')[0].lower() not in FOR_PROXY)
    head = with_field(b' '.join((method, path, version)) + kept, b'Host', host.encode())
    return Asked(address, scheme, head if request.switches else closing(head))


def read_authority(text: bytes, port: int | None) -> Address:
    """Read a host and its port.

    Args:
        text: As it was sent.
        port: What it is where nothing is said; None: it has to be.

    Raises:
        DoorRefusedError: It is none.
    """
    found = AUTHORITY.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        number = int(found['port']) if found['port'] else port
        address = Address(one_form(found['host'].decode('utf-8')), number)
        if number is None or not 0 < number <= 65535:
            raise ValueError
    except ValueError:
        raise refused(400, f'{text.decode("utf-8", "replace")[:300]!r} is no host and port to connect to') from None
    return address
