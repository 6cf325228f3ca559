"""The proxies of this process. Every change to what the process does goes through here, whole or not at all."""
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from gevent import Timeout
from gevent.lock import RLock

from ..errors import ConfigError
from ..net.sockets import SocketAddress
from ..options import check_count
from ..plans.plan import Plan
from ..spec import MAX_PROXIES, ProxyDefaults, ProxySpec
from .arrivals.numbers import ALONE, Share
from .embedded.backends import Backends
from .exchanges import Exchanges
from .journal import Journal
from .places import Places
from .proxy import Proxy
from .reconcile import Difference, Reconciliation, check_names, compare, named
from .refusals import HaltedError, NameTakenError, StoppingError, UnknownProxyError, without_faults
from .validated import Validated, validate

logger = logging.getLogger(__name__)
#: of a record that says the same as a line on standard output, where that is written
ANNOUNCED = {'announced': True}
Prepared = TypeVar('Prepared')
Done = TypeVar('Done')


class Fleet:
    """The proxies of this process, by name.

    Args:
        seed: What all randomness is made from; None: one is chosen.
        defaults: What proxies are made with of which nothing else is said; None: those of ``ProxySpec``.
        share: Which of the sessions of its proxies this process has.

    Attributes:
        workers: The processes that have its sessions; empty: this one has them.
        stopping: It drains, or has ended: what would change a proxy or make one raises ``StoppingError``.
        scenario: The name of the scenario that changes its proxies; None: none does.
        halted: All faults are suspended: its proxies are given none, and what asks for one raises ``HaltedError``.
        times: What counts how long requests take, for those who show it; None: nothing does.
        spans: What has spans sent, for those who show how many; None: nothing does.
        busy: What tells where the time of the event loop goes; None: nothing does.
    """

    proxy_class: type[Proxy] = Proxy

    def __init__(self, seed: int | None = None, defaults: ProxyDefaults | None = None, share: Share = ALONE) -> None:
        self.defaults, self.share = defaults or ProxyDefaults(), share
        self.seed = int.from_bytes(os.urandom(4)) if seed is None else seed
        self.proxies: dict[str, Proxy] = {}
        self._created: dict[str, ProxySpec] = {}
        self._configured: dict[str, ProxySpec] = {}     # what the configuration says, of the proxies that are from there
        self.journal, self.plan = Journal(), Plan(lambda: list(self.proxies.values()))
        self.exchanges = Exchanges(self.plan.mark)
        self._backends = Backends()
        self._changes = 0
        self._committing = RLock()  # held up only by a plugin that waits where it is made
        self.stopping = self.halted = False
        self.workers: Any = ()
        self.scenario: str | None = None
        self.times: Any = None
        self.spans: Any = None
        self.busy: Any = None

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
            StoppingError: Nothing changes any more.
        """
        if not spec.name:
            raise ConfigError('name', spec.name, 'a text that is not empty')
        places = Places()

        def prepare() -> Proxy:
            self._check_free(spec.name)
            self._check_halted(spec.name, spec.mix or spec.toxics)
            return self._make(spec, places)

        def commit(proxy: Proxy) -> Proxy:
            if spec.listens:
                proxy.start()
            self._add(proxy)
            return proxy
        return self._commit(prepare, commit)

    def _make(self, spec: ProxySpec, places: Places) -> Proxy:
        wanted = self._validate(spec, places.find(spec, None))
        return self.proxy_class(wanted, self.seed, self.journal, self.plan, self.exchanges, self.share)

    def validate(self, spec: ProxySpec, place: SocketAddress | None = None) -> Validated:
        """Check everything that a spec says; nothing changes.

        Args:
            spec: The spec.
            place: Where the proxy is to listen; None: that is of no interest.

        Raises:
            ConfigError: A value does not fit.
        """
        return validate(spec, self._backends.find, place)

    def _validate(self, spec: ProxySpec, place: SocketAddress | None) -> Validated:
        """Check what a proxy should be, and return what it may be now."""
        wanted = self.validate(spec, place)
        return self.validate(without_faults(spec), place) if self.halted and without_faults(spec) != spec else wanted

    def _check_halted(self, name: str, faults: Any) -> None:
        if self.halted and faults:
            raise HaltedError(name)

    def _commit(self, prepare: Callable[[], Prepared], commit: Callable[[Prepared], Done]) -> Done:
        """Change something, made of what the fleet is at that moment; no other change comes in between.

        Others have their turn while a change is prepared, as names are looked up, and wherever a plugin waits that is made. What
        was prepared before another change is prepared again.

        Args:
            prepare: Checks everything and changes nothing.
            commit: Changes all of it or nothing, with what ``prepare`` has returned; returns what is returned here.

        Raises:
            StoppingError: Nothing changes any more.
        """
        while True:
            self.check_open()
            before = self._changes
            prepared = prepare()
            with self._committing:
                self.check_open()
                if self._changes == before:
                    self._changes += 1
                    return commit(prepared)

    def check_open(self) -> None:
        """Refuse a change where the process stops.

        Raises:
            StoppingError: It does.
        """
        if self.stopping:
            raise StoppingError

    def _add(self, proxy: Proxy) -> None:
        spec = proxy.spec
        self.proxies[spec.name], self._created[spec.name] = proxy, spec
        logger.info('%s listens on %s, %s', spec.name, proxy.address, proxy.summary, extra=ANNOUNCED)

    def _check_free(self, name: str) -> None:
        if name in self.proxies:
            raise NameTakenError(name)
        check_count('proxies', len(self.proxies) + 1, MAX_PROXIES, 'proxies')

    def change(self, name: str, **fields: Any) -> Proxy:
        """Change fields of a proxy's spec; all of them, or none.

        Raises:
            UnknownProxyError: There is no proxy of this name.
            ConfigError, OSError, StoppingError: As for ``create``; nothing has changed.
        """
        places = Places()

        def prepare() -> tuple[Proxy, Validated]:
            proxy = self.get(name)
            self._check_halted(name, fields.get('mix') or fields.get('toxics'))
            spec = msgspec.structs.replace(proxy.spec, **fields)
            return proxy, self.validate(spec, places.find(spec, proxy.now))

        def commit(prepared: tuple[Proxy, Validated]) -> Proxy:
            proxy, wanted = prepared
            proxy.change(wanted)
            logger.info('%s changed: %s; behavior %s', name, ', '.join(fields), proxy.chaos)
            return proxy
        proxy = self._commit(prepare, commit)
        proxy.toxics.wait()
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
            ConfigError, OSError, StoppingError: As for ``create`` and ``change``; nothing has changed.
        """
        wanted, places = check_names(specs), Places()

        def prepare() -> tuple[Difference, dict[str, Validated], list[Proxy]]:
            for name in wanted.keys() & self.proxies.keys() - self._configured.keys():
                raise NameTakenError(name)
            difference = compare(self.proxies, self._configured, wanted)
            changed = self._rewritten([(self.proxies[name], wanted[name]) for name in difference.changed], places)
            made = []
            for name in difference.created:
                with named(wanted[name]):
                    made.append(self._make(wanted[name], places))
            return difference, changed, made

        def commit(prepared: tuple[Difference, dict[str, Validated], list[Proxy]]) -> Difference:
            difference, changed, made = prepared
            Reconciliation(self.proxies, changed, made, difference.removed).apply()
            for name in difference.removed:
                self.remove(name)
            for proxy in made:
                self._add(proxy)
            self._created.update(wanted)
            self._configured = wanted
            return difference
        return self._commit(prepare, commit)

    def reset(self, name: str | None = None) -> None:
        """Make a proxy again what it was created as; None: all of them, or none.

        Raises:
            UnknownProxyError: There is no proxy of this name.
            OSError: An address cannot be listened on; nothing has changed.
            StoppingError: Nothing changes any more.
        """
        logger.info('reset: %s', ', '.join(self._rewrite(lambda: [
            self._created[proxy.name] for proxy in (self.proxies.values() if name is None else [self.get(name)])])))

    def become(self, specs: Sequence[ProxySpec]) -> None:
        """Make proxies that are there what these specs say of them, by their names; all of them, or none.

        Raises:
            UnknownProxyError: There is no proxy of a name.
            ConfigError, OSError, StoppingError: As for ``create``; nothing has changed.
        """
        for name in self._rewrite(lambda: specs):
            if name in self.proxies:
                self.proxies[name].toxics.wait()

    def _rewrite(self, wanted: Callable[[], Sequence[ProxySpec]]) -> list[str]:
        places = Places()

        def prepare() -> dict[str, Validated]:
            return self._rewritten([(self.get(spec.name), spec) for spec in wanted()], places)

        def commit(found: dict[str, Validated]) -> list[str]:
            Reconciliation(self.proxies, found, made=(), removed=()).apply()
            return list(found)
        return self._commit(prepare, commit)

    def _rewritten(self, wanted: Sequence[tuple[Proxy, ProxySpec]], places: Places) -> dict[str, Validated]:
        """Check what proxies that there are should become."""
        found = {}
        for proxy, spec in wanted:
            with named(spec):
                found[spec.name] = self._validate(spec, places.find(spec, proxy.now))
        return found

    def disable(self, name: str) -> None:
        """Let a proxy listen no more, and close its connections as Toxiproxy does, without a reset.

        Raises:
            UnknownProxyError: There is no proxy of this name.
            StoppingError: Nothing changes any more.
        """
        with self._committing:
            proxy = self.get(name)
            self.check_open()
            proxy.stop_listening()
            proxy.drop()
            self.change(name, enabled=False)

    def remove(self, name: str) -> None:
        """End a proxy and its sessions.

        Raises:
            UnknownProxyError: There is no proxy of this name.
        """
        with self._committing:
            proxy = self.get(name)
            self._changes += 1
            del self.proxies[name], self._created[name]
            self._configured.pop(name, None)
            proxy.stop()
            logger.info('%s removed', name)

    def refresh(self) -> None:
        """Have the counts up to date, for a reader who may wait a moment; those of sessions in this process always are."""

    def check_alone(self, what: str) -> None:
        """Refuse, by a ``ConfigError`` about ``what``, where the sessions are in other processes; here they are not."""

    # -- ending

    def drain(self, grace: float) -> int:
        """Stop accepting, let sessions end, and reset the rest. From now on proxies can be removed, and nothing else changes.

        Args:
            grace: Seconds that sessions may take; 0: none.

        Returns:
            How many sessions were reset.
        """
        self.stopping = True
        draining = list(self.proxies.values())
        for proxy in draining:
            proxy.stop_listening()
        with Timeout(grace, False):  # type: ignore[arg-type]  # False: end the block without raising
            for proxy in draining:
                proxy.wait_empty(None)
        return self.close()

    def close(self) -> int:
        """End everything at once, for good, and return how many sessions were reset.

        Where it was drained before, a warning tells of each behavior of the configuration that never was applied and had to be.
        """
        served, self.stopping, count = self.stopping, True, 0
        for proxy in list(self.proxies.values()):
            proxy.stop_listening()
            count += proxy.abort()
            if served and proxy.name in self._configured:
                for line in proxy.unapplied.unused(self._configured[proxy.name].mix, proxy.totals()[0], proxy.name):
                    logger.warning('%s', line)
        for known in (self.proxies, self._created, self._configured):
            known.clear()
        self._backends.stop()
        return count
