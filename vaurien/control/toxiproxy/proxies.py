"""What Toxiproxy does with its proxies and toxics, done with the fleet's. Knows neither HTTP nor JSON."""
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import msgspec

from ...options import check_count
from ...proxies.fleet import Fleet
from ...proxies.proxy import Proxy
from ...proxies.refusals import NameTakenError
from ...spec import MAX_ADDRESS, ToxicSpec
from ...wire.toxics import AttachedToxic, check_toxic
from .addresses import GoAddressError, connecting, listen_error, listening, resolved


class GivenAddresses(NamedTuple):
    """The addresses of a proxy as they were given, and what was made of them; another surface may have changed it since."""

    listen: str
    upstream: str
    spec_proxy: str
    spec_backend: str


class CannotListenError(Exception):
    """A proxy cannot listen; the message is Go's."""


class Toxiproxies:
    """The fleet's proxies, as Toxiproxy has them.

    Args:
        fleet: The fleet.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self._given: WeakKeyDictionary[Proxy, GivenAddresses] = WeakKeyDictionary()

    # -- how proxies are shown

    def given(self, proxy: Proxy) -> GivenAddresses | None:
        """Return the addresses that a proxy was given last; None: it has none from here. Others replace the object."""
        return self._given.get(proxy)

    def listen(self, proxy: Proxy) -> str:
        """Return where a proxy listens or has last listened; where it never has, what was given."""
        bound, given = proxy.bound, self._given.get(proxy)
        if proxy.started or bound != proxy.listen:
            return str(bound)
        return given.listen if given and given.spec_proxy == proxy.spec.proxy else proxy.spec.proxy

    def upstream(self, proxy: Proxy) -> str:
        """Return where a proxy connects to, as it was given."""
        given = self._given.get(proxy)
        return given.upstream if given and given.spec_backend == proxy.spec.backend else proxy.spec.backend

    @staticmethod
    def toxics(proxy: Proxy) -> list[AttachedToxic]:
        """Return the toxics of a proxy: those of upstream first, in the order of their creation."""
        return sorted(proxy.toxics.attached.values(), key=lambda attached: attached.direction != 'upstream')

    # -- proxies

    def create(self, name: str, listen: str, upstream: str, enabled: bool, extras: Mapping[str, Any]) -> Proxy:
        """Make a proxy.

        Raises:
            NameTakenError: There is one of this name.
            CannotListenError: It cannot listen; it is not kept.
            ConfigError: What a native extra says does not fit.
        """
        if name in self.fleet.proxies:
            raise NameTakenError(name)
        given = self._read(listen, upstream, enabled)
        spec = self.fleet.defaults.make(name=name, proxy=given.spec_proxy, backend=given.spec_backend, enabled=enabled, **extras)
        try:
            proxy = self.fleet.create(spec)
        except OSError as error:
            raise CannotListenError(listen_error(listen, error)) from None
        self._given[proxy] = given
        return proxy

    @staticmethod
    def _read(listen: str, upstream: str, enabled: bool) -> GivenAddresses:
        for field, text in (('listen', listen), ('upstream', upstream)):
            check_count(field, len(text), MAX_ADDRESS, 'characters')
        try:
            spec_proxy = str(listening(listen))
        except GoAddressError as error:
            if enabled:
                raise CannotListenError(listen_error(listen, error)) from None
            spec_proxy = ':0'       # it has to become one before the proxy is enabled
        return GivenAddresses(listen, upstream, spec_proxy, connecting(upstream))

    def differs(self, proxy: Proxy, listen: str, upstream: str) -> bool:
        """Return whether a proxy has other addresses than these.

        Raises:
            GoAddressError: Where to listen is no address.
        """
        shown = self.listen(proxy)
        where = listen if shown == listen and listen.startswith('unix:') else resolved(listen)
        return where != shown or upstream != self.upstream(proxy)

    def update(self, proxy: Proxy, listen: str, upstream: str, enabled: bool, extras: Mapping[str, Any]) -> None:
        """Give a proxy other addresses, which ends its connections, and let it listen or not.

        Raises:
            GoAddressError: Where to listen is no address; nothing has changed.
            CannotListenError: It cannot listen; it stays disabled, with its new addresses.
            ConfigError: What a native extra says does not fit; nothing has changed.
        """
        differs = self.differs(proxy, listen, upstream)
        if 'protocol' in extras:
            extras = {'protocol_settings': self.fleet.defaults.of_protocol(extras['protocol']), **extras}
        self.fleet.validate(msgspec.structs.replace(proxy.spec, **extras))
        if differs:
            self.move(proxy, listen, upstream)
        if extras:
            self.fleet.change(proxy.name, **extras)
        if enabled:
            self.start(proxy)
        else:
            self.stop(proxy)

    def move(self, proxy: Proxy, listen: str, upstream: str) -> None:
        """Disable a proxy, and give it other addresses."""
        self.stop(proxy)
        given = self._read(listen, upstream, enabled=False)
        if given.listen == self.listen(proxy):
            given = given._replace(spec_proxy=proxy.spec.proxy)     # and so its port, also where it was to pick one
        self.fleet.change(proxy.name, proxy=given.spec_proxy, backend=given.spec_backend)
        self._given[proxy] = given

    def start(self, proxy: Proxy) -> None:
        """Let a proxy listen.

        Raises:
            CannotListenError: It cannot; it stays disabled.
        """
        if proxy.spec.enabled:
            return
        shown = self.listen(proxy)
        try:
            if not shown.startswith('unix:'):
                listening(shown)
            self.fleet.change(proxy.name, enabled=True)
        except (GoAddressError, OSError) as error:
            raise CannotListenError(listen_error(shown, error)) from None

    def stop(self, proxy: Proxy) -> None:
        """Let a proxy listen no more, and end its connections."""
        if proxy.spec.enabled:
            self.fleet.disable(proxy.name)

    def remove(self, proxy: Proxy) -> None:
        """End a proxy and its connections."""
        proxy.stop_listening()
        proxy.drop()
        self.fleet.remove(proxy.name)

    def replace(self, entry: Mapping[str, Any], extras: Mapping[str, Any]) -> Proxy:
        """Make a proxy, or put it in the place of the one of its name, unless that has the same addresses.

        Raises:
            GoAddressError: Where to listen is no address; nothing has changed.
            CannotListenError: It cannot listen; the one of its name is left as it was, disabled.
            ConfigError: What a native extra says does not fit; nothing has changed.
        """
        name, listen, upstream = entry['name'], entry.get('listen', ''), entry['upstream']
        enabled = entry.get('enabled', True)
        present = self.fleet.proxies.get(name)
        if present is None:
            return self.create(name, listen, upstream, enabled, extras)
        if not self.differs(present, listen, upstream):
            return present
        given = self._read(listen, upstream, enabled)
        spec = self.fleet.defaults.make(name=name, proxy=given.spec_proxy, backend=given.spec_backend, enabled=enabled, **extras)
        self.fleet.validate(spec)
        self.stop(present)
        try:
            self.fleet.change(name, **{key: value for key, value in msgspec.structs.asdict(spec).items() if key != 'name'})
        except OSError as error:
            raise CannotListenError(listen_error(listen, error)) from None
        self._given[present] = given
        return present

    def reset(self) -> None:
        """Let all proxies listen, and take their toxics away.

        Raises:
            CannotListenError: One cannot listen; those after it are as they were.
        """
        for proxy in list(self.fleet.proxies.values()):
            self.start(proxy)
            if proxy.toxics.attached:
                self.fleet.change(proxy.name, toxics=())

    # -- toxics

    def add_toxic(self, proxy: Proxy, spec: ToxicSpec) -> AttachedToxic:
        """Add a toxic.

        Raises:
            ConfigError: What it says does not fit.
        """
        spec = spec.named()
        self._set_toxics(proxy, [*specs(proxy), spec])
        return attached_now(proxy, spec)

    def update_toxic(self, proxy: Proxy, name: str, attributes: Mapping[str, Any], toxicity: float | None) -> AttachedToxic:
        """Change what is given, and draw again where the toxic is active.

        Raises:
            ConfigError: A value does not fit; nothing has changed.
        """
        attached = proxy.toxics.attached[name]
        spec = msgspec.structs.replace(attached.spec, attributes={**attached.settings, **attributes},
                                       toxicity=attached.spec.toxicity if toxicity is None else toxicity)
        if spec == attached.spec:
            self.fleet.check_open()
            proxy.redraw(name)
        else:
            self._set_toxics(proxy, [spec if each.name == name else each for each in specs(proxy)])
        return attached_now(proxy, spec)

    def remove_toxic(self, proxy: Proxy, name: str) -> None:
        """Take a toxic away."""
        self._set_toxics(proxy, [each for each in specs(proxy) if each.name != name])

    def _set_toxics(self, proxy: Proxy, toxics: Iterable[ToxicSpec]) -> None:
        self.fleet.change(proxy.name, toxics=tuple(toxics))


def attached_now(proxy: Proxy, spec: ToxicSpec) -> AttachedToxic:
    """Return a toxic of a proxy; where others have taken it away meanwhile, what it was."""
    return proxy.toxics.attached.get(spec.name) or check_toxic(spec)


def specs(proxy: Proxy) -> list[ToxicSpec]:
    """Return the toxics of a proxy, each with its name."""
    return [attached.spec for attached in proxy.toxics.attached.values()]
