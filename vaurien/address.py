"""Addresses as users write them: ``host:port``, ``[::1]:80``, ``:8000``, ``unix:/path``. Resolves nothing."""
from typing import NamedTuple

from .errors import ConfigError

FORM = 'HOST:PORT, [IPV6]:PORT or unix:/PATH'


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
        return f'[{self.host}]:{self.port}' if ':' in self.host else f'{self.host}:{self.port}'


def parse_address(text: str, option: str = 'address') -> Address:
    """Read an address.

    Args:
        text: As a user wrote it.
        option: How the user knows it; it goes into the message.

    Raises:
        ConfigError: It is not of one of the forms, or the port is out of range.
    """
    if not isinstance(text, str):
        raise ConfigError(option, text, FORM)
    if text.startswith('unix:'):
        if len(text) == len('unix:') or '\0' in text:
            raise ConfigError(option, text, FORM)
        return Address(text[len('unix:'):], None)
    host, colon, port = text.rpartition(':')
    if host.startswith('[') and host.endswith(']'):
        host = host[1:-1]
    elif ':' in host:
        raise ConfigError(option, text, FORM)
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535 or bad_host(host):
        raise ConfigError(option, text, FORM + ' with a port from 0 to 65535')
    return Address(host, int(port))


def bad_host(host: str) -> bool:
    return any(char.isspace() or char in '/\0[]@' for char in host)
