"""The proxies of this process. Every change to what the process does goes through here, whole or not at all."""
import logging
import secrets
from collections.abc import Iterable
from typing import Any

import msgspec
from gevent import Timeout

from .address import Address
from .errors import ConfigError
from .journal import Journal
from .proxy import Proxy, find_backend
from .spec import ProxySpec

logger = logging.getLogger(__name__)

EMBEDDED = 'embedded'   #: the backend's name that means the HTTP backend inside the process


class UnknownProxyError(ConfigError):
    """No proxy of the fleet has this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__('proxy', name, f'one of {", ".join(sorted(known)) or "none: the fleet is empty"}')

    def __str__(self) -> str:
        return f'the {self.value!r} proxy does not exist, known: {self.reason.removeprefix("one of ")}'


class NameTakenError(ConfigError):
    """A proxy of this name is there already."""

    def __init__(self, name: str) -> None:
        super().__init__('name', name, 'a name that no proxy has')


class Fleet:
    """The proxies of this process, by name.

    Args:
        seed: What all randomness is made from; None: one is chosen.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = secrets.randbelow(2 ** 32) if seed is None else seed
        self.proxies: dict[str, Proxy] = {}
        self.journal = Journal()
        self._embedded: Any = None

    def get(self, name: str) -> Proxy:
        """Return the proxy of this name.

        Raises:
            UnknownProxyError: There is none.
        """
        try:
            return self.proxies[name]
        except KeyError:
            raise UnknownProxyError(name, self.proxies) from None

    def create(self, spec: ProxySpec) -> Proxy:
        """Make a proxy and, where it is enabled, start it.

        Raises:
            ConfigError: A value does not fit, or the name is taken; nothing has changed.
            OSError: The address cannot be listened on; nothing has changed.
        """
        if not spec.name:
            raise ConfigError('name', spec.name, 'a text that is not empty')
        if spec.name in self.proxies:
            raise NameTakenError(spec.name)
        proxy = Proxy(spec, self.seed, self.journal, self._find)
        if spec.enabled:
            proxy.start()
        self.proxies[spec.name] = proxy
        logger.info('%s listens on %s, backend %s, protocol %s, behavior %s', spec.name, proxy.address, spec.backend,
                    spec.protocol, proxy.chaos)
        return proxy

    def change(self, name: str, **fields: Any) -> Proxy:
        """Change fields of a proxy's spec; all of them, or none.

        Raises:
            UnknownProxyError: There is no proxy of this name.
            ConfigError, OSError: As for ``create``; nothing has changed.
        """
        proxy = self.get(name)
        proxy.change(msgspec.structs.replace(proxy.spec, **fields))
        logger.info('%s changed: %s; behavior %s', name, ', '.join(fields), proxy.chaos)
        return proxy

    def remove(self, name: str) -> None:
        """End a proxy and its sessions.

        Raises:
            UnknownProxyError: There is no proxy of this name.
        """
        proxy = self.get(name)
        del self.proxies[name]
        proxy.stop()
        logger.info('%s removed', name)

    def _find(self, backend: str) -> Address:
        return self._start_embedded() if backend == EMBEDDED else find_backend(backend)

    def _start_embedded(self) -> Address:
        if self._embedded is None:
            from .embedded import Embedded  # few need it, and it brings a HTTP server along
            self._embedded = Embedded()
            self._embedded.start()
        address: Address = self._embedded.address
        return address

    # -- ending

    def drain(self, grace: float) -> int:
        """Stop accepting, let sessions end, and cut the rest.

        Args:
            grace: Seconds that sessions may take; 0: none.

        Returns:
            How many sessions were cut.
        """
        for proxy in self.proxies.values():
            proxy.close()
        with Timeout(grace, False):  # type: ignore[arg-type]  # False: end the block without raising
            for proxy in self.proxies.values():
                proxy.wait_empty(None)
        return self.close()

    def close(self) -> int:
        """End everything at once, and say how many sessions were cut."""
        count = 0
        for proxy in self.proxies.values():
            proxy.close()
            count += proxy.cut()
        self.proxies.clear()
        if self._embedded is not None:
            self._embedded.stop()
            self._embedded = None
        return count
