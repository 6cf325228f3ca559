"""Makes proxies what a configuration says of them: all of it, or nothing. Knows proxies, and no file and no signal."""
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from ..address import Address
from ..errors import ConfigError, cannot_listen
from ..net import sockets
from ..options import check_count
from ..spec import MAX_PROXIES, ProxySpec
from .proxy import Proxy
from .validated import Validated


class Difference(NamedTuple):
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


def compare(there: Iterable[str], before: Mapping[str, ProxySpec], wanted: Mapping[str, ProxySpec]) -> Difference:
    """Find out what is to be done.

    Args:
        there: The names of all proxies.
        before: What the configuration said until now, of those that are still there.
        wanted: What it says now.
    """
    return Difference(created=[name for name in wanted if name not in there],
                      changed=[name for name, spec in wanted.items() if name in before and before[name] != spec],
                      removed=[name for name in before if name not in wanted])


@contextmanager
def named(spec: ProxySpec) -> Iterator[None]:
    """Name the proxy in an error about its address."""
    try:
        yield
    except OSError as error:
        raise cannot_listen(f'proxy {spec.name}', spec.proxy, error) from error


class Reconciliation:
    """One change of several proxies, made without waiting.

    Args:
        proxies: The proxies that are there.
        changed: What those that change should be, by name.
        made: New ones, which do not listen yet.
        removed: The names of those that are to go.
    """

    def __init__(self, proxies: Mapping[str, Proxy], changed: Mapping[str, Validated], made: Sequence[Proxy],
                 removed: Iterable[str]) -> None:
        self.made = made
        self._changes = [(proxies[name], validated) for name, validated in changed.items()]
        self._removed = [proxies[name] for name in removed]
        self._together = any(not proxy.share.alone for proxy in (*made, *proxies.values()))
        movers = [proxy for proxy, validated in self._changes if moves(proxy, validated)]
        self._leaving = [proxy for proxy in (*self._removed, *movers) if proxy.started]

    def apply(self) -> None:
        """Do it: new proxies listen, changed ones are changed, and those that are to be removed do not listen any more.

        Raises:
            ConfigError, OSError: As for ``Proxy.change``; nothing has changed.
        """
        self._try_addresses()
        with ExitStack() as undo:   # from its end: all leave where they are, and then each goes back
            for proxy in (*self._removed, *(proxy for proxy, _ in self._changes)):
                undo.callback(proxy.restore, proxy.now, proxy.bound)
            for proxy in self._leaving:     # first, as another one may come where it was
                undo.callback(proxy.stop_listening)
                proxy.stop_listening()
            for proxy, validated in self._changes:
                with named(validated.spec):
                    proxy.change(validated)
            for proxy in self.made:
                undo.callback(proxy.stop_listening)
                if proxy.spec.listens:
                    with named(proxy.spec):
                        proxy.start()
            undo.pop_all()

    def _try_addresses(self) -> None:
        """Meet a taken address before anything has changed; one that is about to be left is not looked at."""
        left = {place(proxy.bound) for proxy in self._leaving}
        coming = [proxy.now for proxy in self.made] + [wanted for proxy, wanted in self._changes if moves(proxy, wanted)]
        for wanted in coming:
            if wanted.spec.listens and place(wanted.listen) not in left:
                assert wanted.place is not None
                with named(wanted.spec):
                    sockets.try_to_listen(wanted.place, self._together)


def moves(proxy: Proxy, wanted: Validated) -> bool:
    """Return whether a proxy would listen where it does not now."""
    return not proxy.started or wanted.listen != proxy.listen


def place(address: Address) -> int | str:
    """Return what two addresses have in common that cannot both be listened on: the port, or the path."""
    return address.port or address.host


def check_names(specs: Sequence[ProxySpec]) -> dict[str, ProxySpec]:
    """Return specs by their names.

    Raises:
        ConfigError: Two have the same, one has none, or there are too many.
    """
    check_count('proxies', len(specs), MAX_PROXIES, 'proxies')
    wanted: dict[str, ProxySpec] = {}
    for spec in specs:
        if not spec.name or wanted.setdefault(spec.name, spec) is not spec:
            raise ConfigError('name', spec.name, 'a name for each proxy, and each once')
    return wanted
