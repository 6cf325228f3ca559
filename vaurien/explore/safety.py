"""Which backends may be written to: those of this machine and of private networks, and those that the user names."""
import socket
from collections.abc import Iterable
from ipaddress import ip_address

from ..address import Address
from ..errors import ConfigError


def check_hosts(backends: Iterable[tuple[str, Address]], allowed: Iterable[str]) -> None:
    """Refuse a backend that is on the internet, since each fault may write into it.

    Args:
        backends: Proxies and where they connect to.
        allowed: Hosts that may be written to wherever they are.

    Raises:
        ConfigError: There is one.
    """
    names = {host.casefold() for host in allowed}
    for name, address in backends:
        if not address.unix and address.host.casefold() not in names and not is_near(address.host):
            raise ConfigError('--through', f'{name} at {address.host}', 'a backend on this machine or in a private network, as '
                              f'explore writes into it; --allow-host {address.host} lets it')


def is_near(host: str) -> bool:
    """Return whether a host is this machine or in a private network, by all addresses that its name has; unknown names are.

    A name that stands for several, as ``*.example.com``, is on the internet.
    """
    if host.startswith('*'):
        return False
    try:
        found = {str(entry[4][0]).partition('%')[0] for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return True     # nothing is there that could be written to
    return all(ip_address(one).is_private or ip_address(one).is_loopback or ip_address(one).is_link_local for one in found)
