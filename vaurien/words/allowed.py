"""Who may connect to the control server, and under which names: ``172.16.0.0/12,toxiproxy``. Resolves nothing, and needs the
standard library only."""
import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

FORM = 'networks such as 172.16.0.0/12, addresses and host names, with commas between them'
MAX_ALLOWED = 64    #: entries; each connection is held against all of them
#: a host name, of which the last part is no number: what looks like an address is one, or a mistake
HOST_NAME = re.compile(r'(?=.{1,253}$)(?!(?:.*\.)?[0-9]+$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*',
                       re.ASCII)


class Allowed(NamedTuple):
    """What ``--http-allow`` says.

    Args:
        networks: Where clients may come from, beside this machine; none: from anywhere.
        names: What may stand in ``Host``, in lower case and without a port.
    """

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    names: frozenset[str] = frozenset()

    def welcomes(self, client: str) -> bool:
        """Return whether a client may connect.

        Args:
            client: Its numeric address.
        """
        if not self.networks:
            return True
        address = plain(client)
        return address.is_loopback or any(address in network for network in self.networks)

    def names_host(self, host: str) -> bool:
        """Return whether a value of ``Host`` is right: one of ``names``; where other machines may connect also any numeric
        address, and ``localhost``. No foreign page has one of these for its name, and the port may be that of a container's host.
        """
        name = re.sub(r':[0-9]*$', '', host.lower())
        return name in self.names or bool(self.networks) and (name == 'localhost' or is_numeric(name))


def read_allowed(text: str) -> tuple[str, ...]:
    """Take a list apart that has commas between its items, and write each in its one form.

    Raises:
        ValueError: One of them is neither a network, an address nor a host name, or there are too many.
    """
    items = [item.strip().lower() for item in text.split(',')] if text.strip() else []
    if len(items) > MAX_ALLOWED:
        raise ValueError(text)
    return tuple(map(read_item, items))


def read_item(item: str) -> str:
    if HOST_NAME.fullmatch(item):
        return item
    if '%' in item:     # a scope says where a packet goes, and is no part of an address
        raise ValueError(item)
    return str(ip_network(item[1:-1] if item.startswith('[') and item.endswith(']') else item, strict=False))


def make_allowed(items: Sequence[str]) -> Allowed:
    """Sort what ``read_allowed`` has returned into networks and names."""
    names = frozenset(item for item in items if HOST_NAME.fullmatch(item))
    return Allowed(tuple(ip_network(item) for item in items if item not in names), names)


def plain(text: str) -> IPv4Address | IPv6Address:
    """Return a client's address without its scope; one of IPv4 that has come by a socket of IPv6 as what it is."""
    address = ip_address(text.partition('%')[0])
    return getattr(address, 'ipv4_mapped', None) or address


def is_numeric(name: str) -> bool:
    try:
        ip_address(name.removeprefix('[').removesuffix(']'))
    except ValueError:
        return False
    return True
