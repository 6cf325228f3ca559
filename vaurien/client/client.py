"""The HTTP API of a running vaurien, for Python. Knows the API's paths and words, and nothing of this process: no event loop
comes in, and nothing is needed but the standard library, so that any test may use it, beside threads and asyncio too."""
import os
from collections.abc import Iterator, Mapping
from typing import Any

from ..address import TOKEN_VARIABLE
from .faults import Fault, read_fault
from .http import Channel, RefusedError, UnreachableError, join
from .quiet import block, is_refusal
from .where import find_control

__all__ = ['Client', 'Fault', 'RefusedError', 'UnreachableError']

MAIN = 'default'    #: the proxy of the command line
PAGE_SIZE = 10_000       #: entries asked for at once: as many as the server gives
__tracebackhide__ = is_refusal


class Client:
    """The HTTP API of a running vaurien as methods. May be used by several threads; each call is a connection of its own.

    All of them raise ``UnreachableError`` where no server answers within ``timeout``, and ``RefusedError``, which is a
    ``ValueError``, where it says that a name, a value or the token is not acceptable.

    Args:
        host: Where the control server listens: a name or an address; None: as ``VAURIEN_CONTROL`` says
            (``http://HOST:PORT``, or ``https://``), else ``localhost``.
        port: Its port; None: as ``VAURIEN_CONTROL`` says, else 8080.
        token: What it was started with as ``--http-token``; None: taken from ``VAURIEN_HTTP_TOKEN``; empty: none.
        timeout: Seconds to wait for each response; None: no limit.
        proxy: The name of the proxy that the classic calls act on; empty: that of the command line.
        tls: Whether the control server speaks TLS; None: it does where ``cacert`` is given, or ``VAURIEN_CONTROL`` is asked and
            says ``https://``.
        cacert: The file of the authorities that its certificate may be of, in PEM; None: that of ``VAURIEN_CACERT``, else those
            of the system.

    Raises:
        ConfigError: ``VAURIEN_CONTROL`` is asked and is no such URL, or the file cannot be used.
    """

    def __init__(self, host: str | None = None, port: int | None = None, token: str | None = None,
                 timeout: float | None = 10.0, proxy: str = '', tls: bool | None = None, cacert: str | None = None) -> None:
        self.proxy = proxy
        if host is None or port is None:
            there = find_control()
            host, port = there.host if host is None else host, there.port if port is None else port
            tls = there.tls or cacert is not None if tls is None else tls
        tls = cacert is not None if tls is None else tls
        self.channel = Channel(host, port, os.environ.get(TOKEN_VARIABLE, '') if token is None else token, timeout, tls, cacert)

    # -- classic

    def set_behavior(self, name: str, **options: Any) -> None:
        """Apply a behavior to every exchange from now on; options not given have their configured values."""
        self.channel.ask('PUT', '/behavior', {'name': name, **options}, self._where())

    def get_behavior(self) -> str:
        """Return the name of the current behavior; with a mix, the mix as text."""
        return str(self.channel.ask('GET', '/behavior', query=self._where(), part='behavior'))

    def list_behaviors(self) -> list[str]:
        """Return the names of all behaviors, sorted."""
        return list(self.channel.ask('GET', '/behaviors', part='behaviors'))

    @block
    def with_behavior(self, name: str, **options: Any) -> Iterator[None]:
        """Apply a behavior to every exchange for the length of a block; what was set before comes back."""
        proxy = self.proxy or MAIN
        before = self.show(proxy)['mix']
        self.set_behavior(name, **options)
        try:
            yield
        finally:
            self.change(proxy, mix=before)

    def _where(self) -> dict[str, Any]:
        return {'proxy': self.proxy} if self.proxy else {}

    # -- proxies

    def proxies(self) -> list[dict[str, Any]]:
        """Return all proxies, in the order they were made."""
        return list(self.channel.ask('GET', '/v1/proxies', part='proxies'))

    def show(self, name: str) -> dict[str, Any]:
        """Return what a proxy is, and where it listens."""
        return dict(self.channel.ask('GET', join('proxies', name)))

    def create(self, name: str, **fields: Any) -> dict[str, Any]:
        """Make a proxy.

        Args:
            name: How it is to be called.
            fields: Those of ``vaurien.spec.ProxySpec``.

        Returns:
            What it is, with the address that was bound.
        """
        return dict(self.channel.ask('POST', '/v1/proxies', {'name': name, **fields}))

    def change(self, name: str, **fields: Any) -> dict[str, Any]:
        """Change fields of a proxy, all of them or none."""
        return dict(self.channel.ask('PATCH', join('proxies', name), fields))

    def enable(self, name: str) -> dict[str, Any]:
        """Let a proxy listen again, where it did."""
        return self.change(name, enabled=True)

    def disable(self, name: str) -> dict[str, Any]:
        """Let a proxy refuse connections, and reset the open ones."""
        return self.change(name, enabled=False, proxy=self.show(name)['address'])  # port 0 must not become another one

    def remove(self, name: str) -> None:
        """End a proxy and its sessions."""
        self.channel.ask('DELETE', join('proxies', name))

    # -- toxics

    def toxics(self, name: str) -> list[dict[str, Any]]:
        """Return the toxics of a proxy, in their order."""
        return list(self.channel.ask('GET', join('proxies', name, 'toxics'), part='toxics'))

    def add_toxic(self, proxy: str, type: str, attributes: Mapping[str, Any] | None = None, /, **fields: Any) -> dict[str, Any]:
        """Put a toxic on a proxy; it is in force on open sessions at once.

        Args:
            proxy: The proxy's name.
            type: Which toxic.
            attributes: Its options by name; None: all have their defaults.
            fields: ``name``, ``stream`` and ``toxicity``; see ``vaurien.spec.ToxicSpec``.

        Returns:
            What it is, with its name.
        """
        body = {**fields, 'type': type, 'attributes': dict(attributes or {})}
        return dict(self.channel.ask('POST', join('proxies', proxy, 'toxics'), body))

    def change_toxic(self, name: str, toxic: str, attributes: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        """Change attributes of a toxic, or its ``toxicity``; what is not given stays.

        Returns:
            What it is now.
        """
        body = {**fields, 'attributes': dict(attributes or {})}
        return dict(self.channel.ask('PATCH', join('proxies', name, 'toxics', toxic), body))

    def remove_toxic(self, name: str, toxic: str) -> None:
        """Take a toxic away from a proxy; open sessions lose no byte by it."""
        self.channel.ask('DELETE', join('proxies', name, 'toxics', toxic))

    # -- the plan

    def plan(self) -> list[dict[str, Any]]:
        """Return the entries of the plan, each with what has become of it, in their order."""
        return list(self.channel.ask('GET', '/v1/plan', part='entries'))

    def add_to_plan(self, *faults: str | Mapping[str, Any]) -> list[dict[str, Any]]:
        """Add entries to the plan, all of them or none; they are in force from the next request on, in open sessions too.

        Args:
            faults: Each as a text such as ``cache: SET session:* #2 = readonly``, or as the fields of
                ``vaurien.spec.FaultSpec``.

        Returns:
            The new entries, each with its ``id``.
        """
        body = {'faults': [fault if isinstance(fault, str) else dict(fault) for fault in faults]}
        return list(self.channel.ask('POST', '/v1/plan', body, part='entries'))

    def replace_plan(self, *faults: str | Mapping[str, Any]) -> list[dict[str, Any]]:
        """Take other entries in place of all that there are; as ``add_to_plan``."""
        body = {'faults': [fault if isinstance(fault, str) else dict(fault) for fault in faults]}
        return list(self.channel.ask('PUT', '/v1/plan', body, part='entries'))

    def plan_entry(self, number: int) -> dict[str, Any]:
        """Return an entry of the plan, with what has become of it."""
        return dict(self.channel.ask('GET', join('plan', number)))

    def remove_from_plan(self, number: int) -> dict[str, Any]:
        """Take an entry of the plan away, and return it with what has become of it."""
        return dict(self.channel.ask('DELETE', join('plan', number)))

    def clear_plan(self) -> None:
        """Take all entries of the plan away."""
        self.channel.ask('DELETE', '/v1/plan')

    # -- the mark

    def mark(self) -> str:
        """Return the test that runs, by its name; empty: none."""
        return str(self.channel.ask('GET', '/v1/mark', part='test'))

    def begin_mark(self, test: str) -> str:
        """Begin a test; the one before has ended. All requests that begin to come from here on belong to it.

        Args:
            test: Its name, up to 4,096 characters. Exchanges in the journal have it, and entries of the plan with ``test`` that
                fits it begin to count.

        Returns:
            The name.
        """
        return str(self.channel.ask('PUT', '/v1/mark', {'test': test}, part='test'))

    def end_mark(self) -> None:
        """End the test that runs; requests belong to none from here on."""
        self.channel.ask('DELETE', '/v1/mark')

    # -- a scenario

    def play(self, scenario: Mapping[str, Any], **fields: Any) -> Iterator[tuple[str, Any]]:
        """Play a scenario on the proxies that there are, and give what happens. Where this is left before its end, or the
        process ends, it is ended, and what was there before is put back.

        Args:
            scenario: What stands in its file, without proxies.
            fields: ``label``, ``scale``, ``reconnect`` and ``check`` of ``POST /v1/scenario``.

        Returns:
            ``phase`` and a mapping with the phase's line as ``text``, for each; in the end ``report`` and the report.
        """
        yield from self.channel.listen('/v1/scenario', body={'scenario': dict(scenario), **fields})

    def end_scenario(self) -> None:
        """End the scenario that is played by ``play``, which then gives its report."""
        self.channel.ask('DELETE', '/v1/scenario')

    # -- sessions

    def sessions(self, name: str) -> list[dict[str, Any]]:
        """Return the open sessions of a proxy, in the order of their numbers."""
        found: list[dict[str, Any]] = []
        while page := self._sessions(name, 'sessions', PAGE_SIZE, found[-1]['number'] if found else 0):
            found += page
            if len(page) < PAGE_SIZE:
                break
        return found

    def count_sessions(self, name: str) -> int:
        """Return how many sessions of a proxy are open."""
        return int(self._sessions(name, 'total', 1, 0))

    def _sessions(self, name: str, part: str, limit: int, after: int) -> Any:
        return self.channel.ask('GET', join('proxies', name, 'sessions'), None, {'limit': limit, 'after': after}, part)

    def kill(self, name: str, number: int) -> None:
        """End a session with a reset."""
        self.channel.ask('DELETE', join('proxies', name, 'sessions', number))

    def kill_all(self, name: str) -> int:
        """End all sessions of a proxy with a reset, and return how many there were."""
        return int(self.channel.ask('DELETE', join('proxies', name, 'sessions'), part='killed'))

    # -- what has happened

    def faults(self, proxy: str = '', since: int = 0) -> list[Fault]:
        """Return the faults that were injected and are remembered, oldest first.

        Args:
            proxy: Those of this proxy alone; empty: of all.
            since: Those with a higher id alone.
        """
        query = {'since': since, 'limit': PAGE_SIZE, **({'proxy': proxy} if proxy else {})}
        return [read_fault(fault) for fault in self.channel.ask('GET', '/v1/faults', query=query, part='faults')]

    def last_fault(self) -> int:
        """Return the id of the newest fault; 0: there was none."""
        return int(self.channel.ask('GET', '/v1/faults', query={'limit': 1}, part='last'))

    def seed(self) -> int:
        """Return what all randomness is made from."""
        return int(self.channel.ask('GET', '/v1/seed', part='seed'))

    def follow(self, proxy: str = '', since: int | None = None) -> Iterator[Fault]:
        """Give the faults as they happen, without end.

        Args:
            proxy: Those of this proxy alone; empty: of all.
            since: Begin after the one with this id; None: with the next one.

        Raises:
            UnreachableError: The server has ended.
        """
        last = self.last_fault() if since is None else since
        while True:     # a follower that is too far behind is dropped, and begins again where it was
            query = {'since': last, **({'proxy': proxy} if proxy else {})}
            for event, data in self.channel.listen('/v1/events', query):
                if event == 'fault':
                    fault = read_fault(data)
                    last = fault.id
                    yield fault
                elif event == 'dropped':
                    break
            else:
                raise UnreachableError(self.channel.address, 'it has ended', self.channel.scheme)

    def live(self, proxy: str = '', since: int | None = None) -> Iterator[tuple[str, Any]]:
        """Give what has changed, once a second, without end: as ``GET /v1/live`` tells it.

        Args:
            proxy: The one whose requests are told too, and whose faults; empty: the faults of all.
            since: Begin with the faults after the one with this id; None: with the next one.

        Returns:
            The name of an event, and its data.

        Raises:
            UnreachableError: The server has ended.
        """
        query = {**({'proxy': proxy} if proxy else {}), **({} if since is None else {'since': since})}
        yield from self.channel.listen('/v1/live', query)
        raise UnreachableError(self.channel.address, 'it has ended', self.channel.scheme)

    def stats(self) -> list[dict[str, Any]]:
        """Return what each proxy has counted since it was made; its name is there as ``proxy``."""
        return list(self.channel.ask('GET', '/v1/stats', part='proxies'))

    def busy(self, seconds: int = 10) -> dict[str, Any]:
        """Return where the time of the event loop went, as ``GET /v1/busy`` tells it; vaurien was started with ``--busy``.

        Args:
            seconds: The last so many, 60 at most; 0: all since vaurien began.
        """
        return dict(self.channel.ask('GET', '/v1/busy', query={'seconds': seconds}))

    def reset(self, proxy: str = '') -> None:
        """Make a proxy again what it was created as.

        Args:
            proxy: Its name; empty: all of them.
        """
        self.channel.ask('POST', join('proxies', proxy, 'reset') if proxy else '/v1/reset')
