"""The proxies of this process. Every change to what the process does goes through here, whole or not at all."""
import logging
import secrets
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import msgspec
from gevent import Timeout

from ..address import Address, parse_address, parse_backend
from ..errors import ConfigError
from ..net import sockets
from ..spec import EMBEDDED, ProxyDefaults, ProxySpec
from .journal import Journal
from .proxy import Proxy
from .reconcile import Difference, Reconciliation, check_names, compare, named
from .validated import Validated, validate

logger = logging.getLogger(__name__)



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

    def __str__(self) -> str:
        return f'the {self.value!r} proxy exists already'


class Fleet:
    """The proxies of this process, by name.

    Args:
        seed: What all randomness is made from; None: one is chosen.
        defaults: What proxies are made with of which nothing else is said; None: those of ``ProxySpec``.
    """

    def __init__(self, seed: int | None = None, defaults: ProxyDefaults | None = None) -> None:
        self.defaults = defaults or ProxyDefaults()
        self.seed = secrets.randbelow(2 ** 32) if seed is None else seed
        self.proxies: dict[str, Proxy] = {}
        self._created: dict[str, ProxySpec] = {}
        self._configured: dict[str, ProxySpec] = {}     # what the configuration says, of the proxies that are from there
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
        self._check_free(spec.name)
        if spec.enabled:
            look_up(spec.proxy)
            self._check_free(spec.name)     # others have had their turn meanwhile
        proxy = self._make(spec)
        if spec.enabled:
            proxy.start()
        self._add(proxy)
        return proxy

    def _make(self, spec: ProxySpec) -> Proxy:
        return Proxy(self.validate(spec), self.seed, self.journal)

    def validate(self, spec: ProxySpec) -> Validated:
        """Check everything that a spec says; nothing changes.

        Raises:
            ConfigError: A value does not fit.
        """
        return validate(spec, self._find_backend)

    def _add(self, proxy: Proxy) -> None:
        spec = proxy.spec
        self.proxies[spec.name], self._created[spec.name] = proxy, spec
        logger.info('%s listens on %s, backend %s, protocol %s, behavior %s', spec.name, proxy.address, spec.backend,
                    spec.protocol, proxy.chaos)

    def _check_free(self, name: str) -> None:
        if name in self.proxies:
            raise NameTakenError(name)

    def change(self, name: str, **fields: Any) -> Proxy:
        """Change fields of a proxy's spec; all of them, or none.

        Raises:
            UnknownProxyError: There is no proxy of this name.
            ConfigError, OSError: As for ``create``; nothing has changed.
        """
        if self.get(name).spec.proxy != fields.get('proxy', self.get(name).spec.proxy):
            look_up(fields['proxy'])
        proxy = self.get(name)  # as it is now: others have had their turn meanwhile
        proxy.change(self.validate(msgspec.structs.replace(proxy.spec, **fields)))
        logger.info('%s changed: %s; behavior %s', name, ', '.join(fields), proxy.chaos)
        return proxy

    def reconcile(self, specs: Sequence[ProxySpec]) -> Difference:
        """Make the proxies of the configuration what it says now; call it again whenever that may have changed.

        A proxy of which it says what it said before is not touched, whatever others have made of it since. One of which it
        says something else becomes that, as with ``change``, and keeps its counts. Proxies that were made with ``create``
        are left alone.

        Args:
            specs: All proxies of the configuration.

        Returns:
            What was done.

        Raises:
            ConfigError, OSError: As for ``create`` and ``change``; nothing has changed.
        """
        wanted = check_names(specs)
        for spec in specs:
            if spec.enabled:
                with named(spec):
                    look_up(spec.proxy)
        # from here on no other greenlet has a turn
        for name in wanted.keys() & self.proxies.keys() - self._configured.keys():
            raise NameTakenError(name)
        difference = compare(self.proxies, self._configured, wanted)
        changes = Reconciliation(self.proxies, {name: self.validate(wanted[name]) for name in difference.changed},
                                 [self._make(wanted[name]) for name in difference.created], difference.removed)
        changes.apply()
        for name in difference.removed:
            self.remove(name)
        for proxy in changes.made:
            self._add(proxy)
        self._created.update(wanted)
        self._configured = wanted
        return difference

    def reset(self, name: str | None = None) -> None:
        """Make a proxy again what it was created as; None: all of them, or none.

        Raises:
            UnknownProxyError: There is no proxy of this name.
            OSError: An address cannot be listened on; nothing has changed.
        """
        names = list(self.proxies) if name is None else [self.get(name).name]
        wanted = {name: self.validate(self._created[name]) for name in names}
        with ExitStack() as undo:
            for each, validated in wanted.items():
                proxy = self.proxies[each]
                now, bound = proxy.now, proxy.bound
                proxy.change(validated)
                undo.callback(proxy.restore, now, bound)
            undo.pop_all()
        logger.info('reset: %s', ', '.join(names))

    def remove(self, name: str) -> None:
        """End a proxy and its sessions.

        Raises:
            UnknownProxyError: There is no proxy of this name.
        """
        proxy = self.get(name)
        del self.proxies[name], self._created[name]
        self._configured.pop(name, None)
        proxy.stop()
        logger.info('%s removed', name)

    def _find_backend(self, backend: str) -> Address:
        return self._start_embedded() if backend == EMBEDDED else parse_backend(backend)

    def _start_embedded(self) -> Address:
        if self._embedded is None:
            from ..httpd.embedded import Embedded  # few need it, and it brings a HTTP server along
            self._embedded = Embedded()
            self._embedded.start()
        address: Address = self._embedded.address
        return address

    # -- ending

    def drain(self, grace: float) -> int:
        """Stop accepting, let sessions end, and reset the rest.

        Args:
            grace: Seconds that sessions may take; 0: none.

        Returns:
            How many sessions were reset.
        """
        for proxy in self.proxies.values():
            proxy.stop_listening()
        with Timeout(grace, False):  # type: ignore[arg-type]  # False: end the block without raising
            for proxy in self.proxies.values():
                proxy.wait_empty(None)
        return self.close()

    def close(self) -> int:
        """End everything at once, and return how many sessions were reset."""
        count = 0
        for proxy in self.proxies.values():
            proxy.stop_listening()
            count += proxy.abort()
        for known in (self.proxies, self._created, self._configured):
            known.clear()
        if self._embedded is not None:
            self._embedded.stop()
            self._embedded = None
        return count


def look_up(listen: str) -> None:
    """Find out whether a name to listen at is known, without holding up the loop.

    Raises:
        ConfigError: It is no address.
        OSError: The name is not known.
    """
    address = parse_address(listen, 'proxy')
    if address.host and sockets.numeric(address) is None:
        sockets.resolve(address)
