"""A spec in which everything has been checked. Knows registries, and no proxy: nothing of it is in force yet."""
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..address import Address, parse_address
from ..net.sockets import SocketAddress
from ..plugins import check_place, protocol_settings
from ..protocols import Protocol
from ..protocols.base import BaseProtocol
from ..protocols.message import MessageProtocol
from ..protocols.starttls import DIRECT
from ..relay.chaos import Chaos
from ..spec import ANY, ProxySpec, check_lengths, has_tls, tls_sides
from ..wire.toxics import AttachedToxic, check_toxics

if TYPE_CHECKING:
    from ..net.tls.terms import Terms
    from .door.opening import Opening


class Validated(NamedTuple):
    """What a spec comes to.

    Args:
        spec: The spec.
        listen: Where the proxy listens; port 0 picks one.
        place: That, with its name looked up; None: the proxy is disabled, and it is not known yet.
        backend: Where it connects to.
        protocol: The class of its protocol objects.
        settings: The protocol's settings, complete.
        chaos: What it draws from.
        toxics: Its toxics by name, in order.
        tls: What it does with TLS; None: neither side speaks it, or it is a forward proxy.
        opening: What it opens of the connections that clients ask it for; None: it is no forward proxy.
    """

    spec: ProxySpec
    listen: Address
    place: SocketAddress | None
    backend: Address
    protocol: type[BaseProtocol]
    settings: dict[str, Any]
    chaos: Chaos
    toxics: dict[str, AttachedToxic]
    tls: 'Terms | None' = None
    opening: 'Opening | None' = None

    def same_chaos(self, other: 'Validated') -> bool:
        """Return whether two specs ask for the same behaviors, so that those at work go on with what they have counted."""
        one, two = self.spec, other.spec
        return (one.mix, one.settings, one.protocol) == (two.mix, two.settings, two.protocol)


class Being:
    """What is as its ``now`` says."""

    now: Validated

    @property
    def spec(self) -> ProxySpec:
        """The spec that it was made of."""
        return self.now.spec

    @property
    def name(self) -> str:
        """How the fleet, the seed and the logs know it."""
        return self.now.spec.name

    @property
    def listen(self) -> Address:
        """Where it was asked to listen; port 0: anywhere."""
        return self.now.listen

    @property
    def backend(self) -> Address:
        """Where it connects to."""
        return self.now.backend

    @property
    def tls(self) -> 'Terms | None':
        """What it does with TLS; None: neither side speaks it."""
        return self.now.tls

    @property
    def tls_sides(self) -> tuple[bool, bool, bool]:
        """Whether it speaks TLS with its clients, and with its backend, and whether it was given a certificate."""
        return tls_sides(self.spec)

    @property
    def protocol(self) -> type[BaseProtocol]:
        """The class of its sessions' protocol objects."""
        return self.now.protocol

    @property
    def settings(self) -> dict[str, Any]:
        """The protocol's settings."""
        return self.now.settings

    @property
    def chaos(self) -> Chaos:
        """What its sessions draw from."""
        return self.now.chaos


def validate(spec: ProxySpec, find_backend: Callable[[str], Address], place: SocketAddress | None = None) -> Validated:
    """Check everything that a spec says.

    Args:
        spec: The spec.
        find_backend: Makes an address of the backend that it names.
        place: Where it is to listen; None: only its address is checked.

    Raises:
        ConfigError: A value does not fit.
    """
    check_lengths(spec)
    protocol = Protocol.get(spec.protocol)
    listen, backend = parse_address(spec.proxy, 'proxy', tls=True), find_backend(spec.backend)
    settings = protocol_settings(protocol, spec.protocol_settings)
    forward = spec.backend == ANY or bool(spec.intercept)
    tls = tls_of(spec, listen, backend, protocol, settings) if has_tls(spec) and not forward else None
    return Validated(spec, listen, place, backend, protocol, settings, checked(Chaos(spec.mix, spec.settings, protocol), spec),
                     check_toxics(spec.toxics), tls, opening_of(spec, listen, settings) if forward else None)


def checked(chaos: Chaos, spec: ProxySpec) -> Chaos:
    """Return a mix in which no kind of TLS is asked for that the proxy cannot have.

    Raises:
        ConfigError: One is.
    """
    for _, behavior in chaos.entries:
        check_place(behavior, spec)
    return chaos


def tls_of(spec: ProxySpec, listen: Address, backend: Address, protocol: type[BaseProtocol],
           settings: Mapping[str, Any]) -> 'Terms | None':
    """Check all that a spec says about TLS.

    Raises:
        ConfigError: A file cannot be used, or two values do not go together.
    """
    from ..net.tls.terms import StartTLS, make_terms  # it is slow to import, and most proxies have no use for it
    if not issubclass(protocol, MessageProtocol) or protocol.switch is None:
        return make_terms(spec, listen, backend, protocol.offered(settings))
    direct, ports = settings.get('starttls') == DIRECT, protocol.direct_ports
    return make_terms(spec, listen, backend, protocol.offered(settings), StartTLS(
        not direct and listen.port not in ports, not direct and backend.port not in ports, protocol.switch))


def opening_of(spec: ProxySpec, listen: Address, settings: Mapping[str, Any]) -> 'Opening | None':
    """Check all that a spec says about a forward proxy.

    Raises:
        ConfigError: A value does not fit, or two do not go together.
    """
    from .door.opening import make_opening  # most proxies have no use for it
    return make_opening(spec, listen, settings)
