"""Makes proxies what a configuration says of them: all of it, or nothing. Knows proxies, and no file and no signal."""
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from ..address import Address, parse_address
from ..errors import ConfigError, cannot_listen
from ..net import sockets
from ..spec import ProxySpec
from .proxy import Proxy


class Work(NamedTuple):
    """What a configuration asks for, by names of proxies.

    Args:
        created: Those that are not there yet.
        changed: Those of which it says something else than before.
        removed: Those of which it says nothing any more.
    """

    created: Sequence[str]
    changed: Sequence[str]
    removed: Sequence[str]

    def __str__(self) -> str:
        done = (f'{what} {", ".join(names)}' for what, names in self._asdict().items() if names)
        return '; '.join(done) or 'nothing has changed'


def find_work(there: Iterable[str], before: Mapping[str, ProxySpec], wanted: Mapping[str, ProxySpec]) -> Work:
    """Find out what is to be done.

    Args:
        there: The names of all proxies.
        before: What the configuration said until now, of those that are still there.
        wanted: What it says now.
    """
    return Work(created=[name for name in wanted if name not in there],
                changed=[name for name, spec in wanted.items() if name in before and before[name] != spec],
                removed=[name for name in before if name not in wanted])


@contextmanager
def named(spec: ProxySpec) -> Iterator[None]:
    """Let what goes wrong with an address say which proxy it is of."""
    try:
        yield
    except OSError as error:
        raise cannot_listen(f'proxy {spec.name}', spec.proxy, error) from error


class Reconciliation:
    """One change of several proxies, made without waiting.

    Args:
        proxies: The proxies that are there.
        wanted: What those of the configuration should be.
        work: What is to be done.
        make: Makes a proxy that does not listen yet.

    Raises:
        ConfigError: A value does not fit; nothing has changed.
    """

    def __init__(self, proxies: Mapping[str, Proxy], wanted: Mapping[str, ProxySpec], work: Work,
                 make: Callable[[ProxySpec], Proxy]) -> None:
        self.made = [make(wanted[name]) for name in work.created]
        self._changes = [(proxies[name], wanted[name]) for name in work.changed]
        for proxy, spec in self._changes:
            proxy.plan(spec)
        self._removed = [proxies[name] for name in work.removed]
        movers = [proxy for proxy, spec in self._changes if moves(proxy, spec)]
        self._leaving = [proxy for proxy in (*self._removed, *movers) if proxy.started]

    def apply(self) -> None:
        """Do it: new proxies listen, changed ones are changed, and those that are to be removed do not listen any more.

        Raises:
            ConfigError, OSError: As for ``Proxy.change``; nothing has changed.
        """
        self._try_addresses()
        with ExitStack() as undo:   # from its end: all leave where they are, and then each goes back
            for proxy in (*self._removed, *(proxy for proxy, _ in self._changes)):
                undo.callback(put_back, proxy, proxy.spec, proxy.bound)
            for proxy in self._leaving:     # first, as another one may come where it was
                undo.callback(proxy.close)
                proxy.close()
            for proxy, spec in self._changes:
                with named(spec):
                    proxy.change(spec)
            for proxy in self.made:
                undo.callback(proxy.close)
                if proxy.spec.enabled:
                    with named(proxy.spec):
                        proxy.start()
            undo.pop_all()

    def _try_addresses(self) -> None:
        """Meet a taken address before anything has changed; one that is about to be left is not looked at."""
        left = {place(proxy.bound) for proxy in self._leaving}
        coming = [proxy.spec for proxy in self.made] + [spec for proxy, spec in self._changes if moves(proxy, spec)]
        for spec in coming:
            address = parse_address(spec.proxy, 'proxy')
            if spec.enabled and place(address) not in left:
                with named(spec):
                    sockets.listen(address, 1).close()
                sockets.remove_path(address)


def put_back(proxy: Proxy, spec: ProxySpec, bound: Address) -> None:
    """Make a proxy again what it was, where it was; also where the system had picked the port."""
    if proxy.bound != bound:
        proxy.close()
    proxy.listen = parse_address(spec.proxy, 'proxy')
    proxy._bind(bound)
    proxy.change(spec)


def moves(proxy: Proxy, spec: ProxySpec) -> bool:
    """Say whether a proxy would listen where it does not now."""
    return not proxy.started or parse_address(spec.proxy, 'proxy') != proxy.listen


def place(address: Address) -> int | str:
    """Return what two addresses have in common that cannot both be listened on: the port, or the path."""
    return address.port or address.host


def check_names(specs: Sequence[ProxySpec]) -> dict[str, ProxySpec]:
    """Return specs by their names.

    Raises:
        ConfigError: Two have the same, or one has none.
    """
    wanted: dict[str, ProxySpec] = {}
    for spec in specs:
        if not spec.name or wanted.setdefault(spec.name, spec) is not spec:
            raise ConfigError('name', spec.name, 'a name for each proxy, and each once')
    return wanted
