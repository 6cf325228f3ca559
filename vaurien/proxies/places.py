"""Where proxies listen, once names are looked up. Knows specs, and no proxy."""
from ..address import parse_address
from ..net import sockets
from ..net.sockets import SocketAddress
from ..spec import ProxySpec
from .validated import Validated


class Places:
    """The places of one change: a name is looked up once, however often the change is prepared."""

    def __init__(self) -> None:
        self._found: dict[str, SocketAddress] = {}

    def find(self, spec: ProxySpec, now: Validated | None) -> SocketAddress | None:
        """Return where a proxy is to listen; a name is looked up in a greenlet, and others have their turn meanwhile.

        Args:
            spec: What the proxy should be.
            now: What it is: where it is to listen at the same address, the name keeps its meaning. None: it is new.

        Returns:
            The place; None: it is not to listen, and it is not known where it would.

        Raises:
            ConfigError: It is no address.
            OSError: The name is not known.
        """
        if now is not None and now.place is not None and now.spec.proxy == spec.proxy:
            return now.place
        if spec.enabled and spec.proxy not in self._found:
            self._found[spec.proxy] = sockets.place_of(parse_address(spec.proxy, 'proxy', tls=True))
        return self._found[spec.proxy] if spec.enabled else None
