"""The hosts whose connections a forward proxy opens: ``api.stripe.com,*.openai.com:443=localhost:8443``. Resolves nothing, and
needs the standard library only."""
import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import NamedTuple

from ..address import Address, join, read
from .allowed import is_numeric

FORM = ('hosts with commas between them, each HOST[:PORT] or HOST[:PORT]=ADDRESS[:PORT], where HOST may begin with an asterisk '
        'and a dot, and ADDRESS with http:// or https://')
MAX_HOSTS = 256     #: entries; each connection is held against all of them
MAX_NAME_CHARS = 253    #: [characters] of a host's name (RFC 1035 section 2.3.4)
HTTP, HTTPS = 'http', 'https'
PORTS = {HTTP: 80, HTTPS: 443}      #: where nothing else is said (RFC 9110 section 4.2)
LABEL = r'[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
HOST_NAME = re.compile(rf'(?!(?:.*\.)?[0-9]+$){LABEL}(?:\.{LABEL})*', re.ASCII)
ENTRY = re.compile(r'(?P<host>\[[^\]]*\]|[^:\[\]=]*)(?::(?P<port>[0-9]{1,5}))?(?:=(?P<to>.*))?')
TO = re.compile(r'(?:(?P<scheme>https?)://)?(?P<host>\[[^\]]*\]|[^:\[\]/]*)(?::(?P<port>[0-9]{1,5}))?/?')


class NamedHost(NamedTuple):
    """An entry of the list.

    Args:
        pattern: A host in its one form; ``*.`` before it: any name that ends with it; ``*``: any host.
        port: None: 80 and 443.
        to: The host that is connected to in its place; empty: itself.
        to_port: The port that is connected to; None: the one that is asked for.
        to_scheme: What is spoken there, ``http`` or ``https``; empty: what the client speaks.
    """

    pattern: str
    port: int | None = None
    to: str = ''
    to_port: int | None = None
    to_scheme: str = ''

    def means(self, host: str, port: int) -> bool:
        """Return whether a connection is meant.

        Args:
            host: In its one form.
            port: The port.
        """
        if port != self.port if self.port is not None else port not in PORTS.values():
            return False
        pattern = self.pattern
        return pattern in ('*', host) or pattern.startswith('*.') and host.endswith(pattern[1:]) and not is_numeric(host)

    def precision(self) -> tuple[bool, int, bool]:
        """Return what tells of two entries that mean the same connection which one says more of it: the greater one."""
        return not self.pattern.startswith('*'), len(self.pattern), self.port is not None

    def backend(self, asked: Address) -> Address:
        """Return where to connect to for a connection that is asked for."""
        return Address(self.to or asked.host, self.to_port or asked.port)

    def __str__(self) -> str:
        text = join(self.pattern, self.port) if self.port is not None else join_host(self.pattern)
        if not self.to:
            return text
        to = join(self.to, self.to_port) if self.to_port is not None else join_host(self.to)
        return f'{text}={self.to_scheme and self.to_scheme + "://"}{to}'


def read_hosts(text: str) -> tuple[NamedHost, ...]:
    """Take a list apart.

    Raises:
        ValueError: One of its entries is not of the form, or there are too many.
    """
    items = [item.strip() for item in text.split(',')] if text.strip() else []
    if len(items) > MAX_HOSTS:
        raise ValueError(text)
    return tuple(map(read_entry, items))


def settle_hosts(text: str) -> str:
    """Return a list in its one form.

    Raises:
        ValueError: As for ``read_hosts``.
    """
    return ','.join(map(str, read_hosts(text)))


def read_entry(item: str) -> NamedHost:
    """Read one entry.

    Raises:
        ValueError: It is not of the form.
    """
    found = ENTRY.fullmatch(item)
    if found is None:
        raise ValueError(item)
    wild = '*.' if found['host'].startswith('*.') else ''
    pattern = found['host'] if found['host'] == '*' else wild + one_form(found['host'].removeprefix(wild))
    if wild and is_numeric(pattern.removeprefix(wild)):
        raise ValueError(item)
    entry = NamedHost(pattern, read_port(found['port']))
    if found['to'] is None:
        return entry
    to = TO.fullmatch(found['to'])
    if to is None:
        raise ValueError(item)
    scheme = (to['scheme'] or '')
    port = read_port(to['port']) or (PORTS[scheme] if scheme else None)
    return entry._replace(to=one_form(to['host']), to_port=port, to_scheme=scheme)


def read_port(digits: str | None) -> int | None:
    """Read a port to connect to; None: there is none.

    Raises:
        ValueError: It is out of range.
    """
    if digits is None:
        return None
    if not 1 <= int(digits) <= 65535:
        raise ValueError(digits)
    return int(digits)


def one_form(host: str) -> str:
    """Write a host so that two texts for the same one are the same: in lower case, IDNA, without a last dot and without brackets.

    Raises:
        ValueError: It is neither a name nor a numeric address.
    """
    bare = host[1:-1] if host.startswith('[') and host.endswith(']') else host
    if bare is not host or ':' in host:
        if read(f'[{bare}]:1') is None:
            raise ValueError(host)
        return str(ip_address(bare))
    if is_numeric(host):
        return str(ip_address(host))
    name = host.removesuffix('.').lower()
    if not name.isascii():
        name = name.encode('idna').decode('ascii')
    if len(name) > MAX_NAME_CHARS or not HOST_NAME.fullmatch(name):
        raise ValueError(host)
    return name


def join_host(host: str) -> str:
    """Write a host as it stands in a URL."""
    return f'[{host}]' if ':' in host else host


def find_host(hosts: Iterable[NamedHost], host: str, port: int) -> NamedHost | None:
    """Return the entry that means a connection, of several the one that says most; None: none does."""
    return max((entry for entry in hosts if entry.means(host, port)), key=NamedHost.precision, default=None)


def origin(scheme: str, host: str, port: int) -> str:
    """Write what stands before the path in a URL; a port that the scheme has anyway is left out."""
    return f'{scheme}://{join_host(host)}' if PORTS[scheme] == port else f'{scheme}://{join(host, port)}'
