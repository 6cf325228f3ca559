"""Addresses as Go takes and shows them, and its words for those that it does not take. Knows no proxy.

``:80``, ``0.0.0.0:80`` and ``[::]:80`` are all interfaces in both families, an upstream may be anything, and where a proxy
listens is shown as the address that it is bound to.
"""
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ...address import Address, is_ipv6, join, read
from ...net import sockets
from ...spec import EMBEDDED
from ..surface import reason_of

ALL_INTERFACES = ('', '0.0.0.0', '::')     #: hosts that mean all interfaces
UNREACHABLE = 'unix:/dev/null/no-such-upstream'     #: what cannot be connected to, and says so at once


class GoAddressError(ValueError):
    """What Go says of an address that it does not take."""


def split(text: str) -> tuple[str, str]:
    """Take ``host:port`` apart as Go does.

    Raises:
        GoAddressError: It cannot be.
    """
    host, colon, port = text.rpartition(':')
    if not colon:
        raise GoAddressError(f'address {text}: missing port in address')
    if host.startswith('[') and host.endswith(']'):
        return host[1:-1], port
    if ':' in host:
        raise GoAddressError(f'address {text}: too many colons in address')
    return host, port


def listening(text: str) -> Address:
    """Read where to listen, as Go does; nothing means a free port of all interfaces.

    Raises:
        GoAddressError: It cannot be listened on, whatever the machine.
    """
    host, port = split(text) if text else ('', '0')
    port = port or '0'
    if not port.isascii() or not port.isdigit():
        raise GoAddressError(f'lookup tcp/{port}: unknown port')
    if len(port) > 5 or int(port) > 65535:
        raise GoAddressError(f'address {port}: invalid port')
    address = read(str(Address(host, int(port)))) if ':' not in host or is_ipv6(host) else None
    if address is None:
        raise GoAddressError(f'lookup {host}: no such host')
    return address._replace(host='') if host in ALL_INTERFACES else address


def resolved(text: str) -> str:
    """Return where a proxy would listen, as far as that is known before it does.

    Raises:
        GoAddressError: It is no address.
    """
    address = listening(text)
    if not address.host:
        return f'[::]:{address.port}' if text.startswith('[') else text or ':0'
    found = sockets.known(address)
    if found is None:
        with suppress(OSError):
            found = sockets.resolve(address)
    if not found:
        raise GoAddressError(f'lookup {address.host}: no such host')
    return str(address._replace(host=prefer_ipv4(found)))


def prefer_ipv4(found: Iterable[tuple[int, Any]]) -> str:
    """Return the first IPv4 address, or else the first one."""
    hosts = [where[0] for _, where in found]
    return str(next((host for host in hosts if ':' not in host), hosts[0]))


def connecting(upstream: str) -> str:
    """Return an upstream as a spec takes it; where it is no address, one where nothing listens."""
    if upstream == EMBEDDED:
        return upstream
    with suppress(GoAddressError):
        host, port = split(upstream)
        address = read(join(host or 'localhost', port))
        if address is not None and address.port:
            return str(address)
    return upstream if upstream.startswith('unix:/') else UNREACHABLE


def listen_error(text: str, error: Exception) -> str:
    """Say as Go does why an address cannot be listened on."""
    if isinstance(error, OSError):
        try:
            return f'listen tcp {resolved(text)}: bind: {reason_of(error).lower()}'
        except GoAddressError as unknown:
            error = unknown
    return f'listen tcp: {error}'
