"""URLs of backends: where in their text the hosts are. All else of the text stays as it is, byte for byte. Opens nothing."""
import re
from collections.abc import Sequence
from typing import NamedTuple

from ..address import join
from ..errors import ConfigError

SCHEME = re.compile(r'([a-zA-Z][a-zA-Z0-9.+-]*)://')
AUTHORITY = re.compile(r'(?:.*@)?([^/?#]*)', re.DOTALL)
SCHEMES = {'redis': ('redis', 6379), 'postgres': ('postgres', 5432), 'postgresql': ('postgres', 5432), 'mysql': ('mysql', 3306),
           'mariadb': ('mysql', 3306), 'memcached': ('memcache', 11211), 'memcache': ('memcache', 11211), 'smtp': ('smtp', 25),
           'http': ('http', 80)}


class Url(NamedTuple):
    """A URL, taken apart at its hosts.

    Args:
        protocol: What is spoken there.
        hosts: The backends.
        before, behind: What stands around the hosts.
    """

    protocol: str
    hosts: tuple[str, ...]
    before: str
    behind: str

    def at(self, addresses: Sequence[str]) -> str:
        """Return the URL with other addresses in the places of the hosts."""
        return self.before + ','.join(addresses) + self.behind


def read(text: str, label: str) -> Url:
    """Take a URL apart."""
    scheme = SCHEME.match(text)
    if scheme is None:
        raise ConfigError(label, '...', 'a URL')
    kind = scheme[1].lower().partition('+')[0]
    if kind not in SCHEMES:
        raise ConfigError(label, f'{scheme[1]}://...', f'one of {", ".join(SCHEMES)}, or a protocol behind a colon')
    protocol, port = SCHEMES[kind]
    authority = AUTHORITY.match(text, scheme.end())
    assert authority is not None, 'it takes an empty one, too'
    hosts = authority[1].split(',')
    return Url(protocol, tuple(join(*(host.split(':') if ':' in host else (host, port))) for host in hosts),
               text[:authority.start(1)], text[authority.end(1):])
