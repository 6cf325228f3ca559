"""A forward proxy asked by SOCKS5 (RFC 1928), of which it knows CONNECT; a name and password (RFC 1929) are read and ignored.

Bytes only.
"""
import errno
from collections.abc import Generator
from ipaddress import ip_address

from ...address import Address
from ...words.hosts import one_form
from .asked import Asked, DoorRefusedError

VERSION, CONNECT = 5, 1
#: ways to authenticate, and what says that there is none in common
NOTHING, PASSWORD, NONE_FITS = 0, 2, 0xff
PASSWORD_VERSION = 1
IPV4, NAME, IPV6 = 1, 3, 4
NUMERIC = {IPV4: 4, IPV6: 16}       #: [bytes]
# replies
SUCCEEDED, FAILED, NETWORK_UNREACHABLE, HOST_UNREACHABLE, REFUSED, EXPIRED, NO_COMMAND, NO_ADDRESS_TYPE = 0, 1, 3, 4, 5, 6, 7, 8
#: by the system's error; that the name is not known counts as a host that is not reached
BY_CODE = {errno.ECONNREFUSED: REFUSED, errno.ENETUNREACH: NETWORK_UNREACHABLE, errno.EHOSTUNREACH: HOST_UNREACHABLE,
           errno.EINVAL: HOST_UNREACHABLE, errno.ETIMEDOUT: EXPIRED}


def reply(code: int) -> bytes:
    """Return the reply to a request; where the proxy is bound to is of no interest to CONNECT."""
    return bytes((VERSION, code, 0, IPV4, 0, 0, 0, 0, 0, 0))


class SocksDoor:
    """Reads the greeting and one request; see ``Door``."""

    def __init__(self) -> None:
        self.asked: Asked | None = None
        self.reply = b''
        self._held = b''
        self._talk = self._conversation()
        self._wanted = next(self._talk)     # bytes of the part that comes next

    def take(self, data: bytes) -> int:
        used, self.reply = 0, b''
        while self.asked is None:
            part = data[used:used + self._wanted - len(self._held)]
            used, self._held = used + len(part), self._held + part
            if len(self._held) < self._wanted:
                break
            whole, self._held = self._held, b''
            self._wanted = self._talk.send(whole)
        return used

    def _conversation(self) -> Generator[int, bytes, None]:
        """Ask for the next part of what the client says by its length, until ``asked`` is known."""
        _, count = yield 2
        methods = yield count
        if NOTHING in methods:
            self.reply += bytes((VERSION, NOTHING))
        elif PASSWORD in methods:
            self.reply += bytes((VERSION, PASSWORD))
            _, length = yield 2
            yield length
            yield (yield 1)[0]
            self.reply += bytes((PASSWORD_VERSION, 0))
        else:
            raise DoorRefusedError(bytes((VERSION, NONE_FITS)), 'it offers no way to authenticate that is known here')
        version, command, _, kind = yield 4
        if version != VERSION or command != CONNECT:
            raise DoorRefusedError(reply(NO_COMMAND), 'it asks for something other than CONNECT')
        if kind == NAME:
            host = yield (yield 1)[0]
        elif kind in NUMERIC:
            host = yield NUMERIC[kind]
        else:
            raise DoorRefusedError(reply(NO_ADDRESS_TYPE), f'it has an address of the unknown type {kind}')
        port = int.from_bytes((yield 2), 'big')
        self.asked = Asked(Address(read_host(host, kind), port))
        if not port:
            raise DoorRefusedError(reply(FAILED), 'nothing can be connected to at port 0')
        yield 0

    def accepted(self) -> bytes:
        return reply(SUCCEEDED)

    def failed(self, code: int, reason: str) -> bytes:
        return reply(HOST_UNREACHABLE if code < 0 else BY_CODE.get(code, FAILED))


def read_host(data: bytes, kind: int) -> str:
    """Read a host.

    Raises:
        DoorRefusedError: It is no name.
    """
    if kind != NAME:
        return str(ip_address(data))
    try:
        return one_form(data.decode('utf-8'))
    except ValueError:
        raise DoorRefusedError(reply(HOST_UNREACHABLE), f'{data!r} is no name of a host') from None
