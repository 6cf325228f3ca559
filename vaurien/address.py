"""Addresses as users write them: ``host:port``, ``[::1]:80``, ``:8000``, ``unix:/path``; and which of them may be open to other
machines. Resolves nothing, and needs the standard library only."""
from ipaddress import AddressValueError, IPv6Address, ip_address
from typing import NamedTuple

from .errors import ConfigError

FORM = 'HOST:PORT, [IPV6]:PORT or unix:/PATH'
LISTENING = FORM + ' with a port from 0 to 65535'
CONNECTING = FORM + ' with a host and a port from 1 to 65535'
TLS = 'tls://'      #: what stands before an address of a proxy where TLS is spoken
MAX_PORT_DIGITS = 5
FORBIDDEN = frozenset(' /@[]"\'')  #: characters of no name and no numeric address
#: the environment variable that may stand in place of ``--http-token``, for servers and clients alike
TOKEN_VARIABLE = 'VAURIEN_HTTP_TOKEN'
#: the one that says to clients where the control server is
CONTROL_VARIABLE = 'VAURIEN_CONTROL'
#: the one that names the file of the authorities that they trust there
CACERT_VARIABLE = 'VAURIEN_CACERT'


class Address(NamedTuple):
    """Where to listen or to connect.

    Args:
        host: A name or a numeric address, without brackets; empty: all interfaces. For a unix socket its path.
        port: 0 to 65535; None: a unix socket.
    """

    host: str
    port: int | None

    @property
    def unix(self) -> bool:
        """Whether it is a path in the file system."""
        return self.port is None

    def __str__(self) -> str:
        if self.port is None:
            return f'unix:{self.host}'
        return join(self.host, self.port)


def join(host: str, port: int | str) -> str:
    """Write a host and a port as one text; an IPv6 address stands in brackets, with which it may come."""
    return f'[{host}]:{port}' if ':' in host and not host.startswith('[') else f'{host}:{port}'


def speaks_tls(text: str) -> bool:
    """Return whether an address of a proxy says that TLS is spoken there."""
    return text.startswith(TLS)


def written(text: str, address: Address) -> str:
    """Write an address of a proxy in its one form, with what ``text`` says of TLS."""
    return f'{TLS if speaks_tls(text) else ""}{address}'


def parse_address(text: str, option: str = 'address', tls: bool = False) -> Address:
    """Read an address to listen at: the host may be empty, and port 0 lets the system pick one.

    Args:
        text: As a user wrote it.
        option: How the user knows it; it goes into the message.
        tls: Whether ``tls://`` may stand before it; ``speaks_tls`` tells whether it does.

    Raises:
        ConfigError: It is not of one of the forms, or the port is out of range.
    """
    address = read(text.removeprefix(TLS) if tls and isinstance(text, str) else text)
    if address is None:
        raise ConfigError(option, text, LISTENING)
    return address


def parse_backend(text: str, option: str = 'backend') -> Address:
    """Read an address to connect to, which has a host, and a port other than 0; ``tls://`` may stand before it.

    Raises:
        ConfigError: It is not of one of the forms, or the port is out of range.
    """
    address = read(text.removeprefix(TLS) if isinstance(text, str) else text)
    if address is None or not address.host or address.port == 0:
        raise ConfigError(option, text, CONNECTING)
    return address


def read(text: object) -> Address | None:
    """Take an address apart; None: it is none."""
    if not isinstance(text, str) or not text.isprintable():
        return None
    if text.startswith('unix:'):
        path = text[len('unix:'):]
        return Address(path, None) if path else None
    host, colon, digits = text.rpartition(':')
    if not colon or not (digits.isascii() and digits.isdigit()) or len(digits) > MAX_PORT_DIGITS or int(digits) > 65535:
        return None
    bracketed = host.startswith('[') and host.endswith(']')
    host = host[1:-1] if bracketed else host
    if any(char in FORBIDDEN for char in host) or bracketed != (':' in host) or bracketed and not is_ipv6(host):
        return None
    return Address(host, int(digits))


def is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except AddressValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a host, as far as its name or numeric address tells."""
    try:
        return host == 'localhost' or ip_address(host).is_loopback
    except ValueError:
        return False


def check_binding(host: str, token: str, option: str = 'http_host', limited: bool = False) -> None:
    """Refuse to let any other machine steer this process without a token.

    Args:
        host: Where the control server is to listen.
        token: What requests must carry; empty: nothing.
        option: How the user knows the host; it goes into the message.
        limited: Whether it is said which other machines may connect.

    Raises:
        ConfigError: The host is not a loopback address, and neither is there a token nor is it said who may connect.
    """
    if not token and not limited and not is_loopback(host):
        raise ConfigError(option, host, f'localhost, 127.0.0.1 or ::1, or beside it --http-token ({TOKEN_VARIABLE}) or '
                                        '--http-allow with the networks that may connect')
