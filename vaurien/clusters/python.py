"""A cluster in a ``with`` block: what is asked for within it ends with it. Knows no command."""
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any

import msgspec

from ..errors import ConfigError
from ..spec import ToxicSpec
from ..words.phases.reading import read_file
from .asking import DEFAULT_TTL, Asked, Asking
from .model import Halted, Members, Order
from .playing.player import Options, Played, Playing
from .playing.stages import make_stages
from .seen import RefusedError, trouble
from .where import find_cluster

DEFAULT_TIMEOUT = 10.0      #: [seconds] that members may take to say what became of a change


class Cluster:
    """All members of a cluster, for as long as the ``with`` block; without one, until ``close``.

    Args:
        url: Where it is, as ``etcd://HOST:PORT/NAME``.
        ttl: Seconds after which faults end where this process dies.
        timeout: Seconds that members may take to say what became of a change.
        by: Who asks, for those who look; empty: the user and the machine.

    Raises:
        ConfigError: The text is not of that form, or a file of TLS cannot be used.
    """

    def __init__(self, url: str, ttl: int = DEFAULT_TTL, timeout: float = DEFAULT_TIMEOUT, by: str = '') -> None:
        self._asking, self.timeout = Asking(find_cluster(url), by, ttl), timeout

    def __enter__(self) -> 'Cluster':
        self._asking.lease()    # where etcd is out of reach it is said here
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End all that was asked for: members heal at once."""
        self._asking.close()

    def mix(self, proxy: str, mix: str, *, on: Iterable[str] = (), hosts: Iterable[str] = (),
            labels: Mapping[str, str] | None = None, replace: bool = False, **settings: Mapping[str, Any]) -> str:
        """Let something go wrong in proxies of members, and return the id of the order.

        Args:
            proxy: The proxies, by name; ``*`` stands for any characters.
            mix: What goes wrong, such as ``20:delay,10:error``.
            on, hosts: Names of members and of machines; ``*`` as above. Empty: any.
            labels: What labels the members have to have.
            replace: End what others have asked for there.
            settings: Options of behaviors, by behavior: ``delay={'sleep': 2}``.

        Raises:
            TakenError: Somebody else wants something else there, or all is halted; nothing has changed.
            RefusedError: A member cannot do it; nothing has changed.
            ConfigError: A value does not fit.
        """
        return self._ask(chosen(on, hosts, labels), replace, proxy=proxy, mix=mix,
                         settings={name: dict(given) for name, given in settings.items()})

    def toxic(self, proxy: str, type: str, *, stream: str = 'downstream', toxicity: float = 1.0, name: str = '',
              on: Iterable[str] = (), hosts: Iterable[str] = (), labels: Mapping[str, str] | None = None, replace: bool = False,
              **attributes: Any) -> str:
        """Put a toxic on proxies of members, and return the id of the order.

        Args:
            proxy, on, hosts, labels, replace: As ``mix``.
            type, stream, toxicity, name: As ``spec.ToxicSpec``.
            attributes: Its attributes: ``latency=100``.
        """
        made = ToxicSpec(type=type, name=name, stream=stream, toxicity=toxicity, attributes=attributes)
        return self._ask(chosen(on, hosts, labels), replace, proxy=proxy, toxics=(made,))

    def plan(self, *entries: str, on: Iterable[str] = (), hosts: Iterable[str] = (),
             labels: Mapping[str, str] | None = None) -> str:
        """Let certain requests fail, and return the id of the order; entries are such as ``cache: SET * #2 = readonly``."""
        return self._ask(chosen(on, hosts, labels), False, plan=entries)

    def scenario(self, path: str | os.PathLike[str], *, on: Iterable[str] = (), hosts: Iterable[str] = (),
                 labels: Mapping[str, str] | None = None, replace: bool = False, partly: bool = False, scale: float = 1.0,
                 tell: Callable[[str], Any] | None = None, stop: threading.Event | None = None) -> list[Played]:
        """Play the phases of a scenario, and return what became of each.

        Args:
            path: Its file, which has no proxies of its own and no ``until``.
            on, hosts, labels, replace: As ``mix``.
            partly: Go on where only some members can apply a phase.
            scale: What all times are multiplied with.
            tell: Called with a line for each phase, and for who applies it; None: nothing is.
            stop: Set to end it; None: it is played to its end.

        Raises:
            ConfigError: It cannot be played over a cluster; nothing has changed.
            OSError: The file cannot be read.
            UnplayableError: A member cannot apply a phase; all of it was taken back.
            TakenError: Somebody else has halted the cluster, has ended it, or wants something else there; likewise.
        """
        label = os.fspath(path)
        stages = make_stages(read_file(label), label, scale)
        playing = Playing(self._asking, stages, Options(chosen(on, hosts, labels), replace, partly, timeout=self.timeout), stop)
        for piece in playing.play():
            if tell is not None and piece['event'] != 'end':
                tell(piece['text'])
        return playing.played

    def _ask(self, members: Members, replace: bool, **fields: Any) -> str:
        asked = self._asking.ask(self._asking.order(members, **fields), replace)
        return self._settled(asked, members, fields)

    def _settled(self, asked: Asked, members: Members, fields: dict[str, Any]) -> str:
        found = self._asking.outcome(asked.id, asked.revision, members, self.timeout)
        problem = trouble(found, fields)
        if problem:
            self._asking.take_back(asked)
            raise RefusedError(problem, found)
        return asked.id

    def end(self, order: str) -> None:
        """End an order; one that is gone already is none to worry about."""
        self._asking.end([order])

    def halt(self, reason: str = '') -> None:
        """Suspend all faults of all members, no matter who has asked for them, until ``resume``; this outlives the block."""
        self._asking.halt(reason, time.time())

    def resume(self) -> None:
        """Let faults be in force again.

        Raises:
            TakenError: Nothing was halted.
        """
        self._asking.resume()

    @property
    def halted(self) -> Halted | None:
        """Who has halted all, and why; None: nobody has."""
        return self._asking.state().halted

    def orders(self) -> dict[str, Order]:
        """Return what is asked for, by whomever, by id."""
        return {known.id: known.order for known in self._asking.state().orders}

    def members(self) -> dict[str, dict[str, Any]]:
        """Return the members, by name: ``member``, ``applied`` and ``counts`` as the reference has them; None: not said."""
        return {seen.name: {'member': plain(seen.member), 'applied': plain(seen.applied), 'counts': plain(seen.counts)}
                for seen in self._asking.members()}


def cluster(url: str, ttl: int = DEFAULT_TTL, timeout: float = DEFAULT_TIMEOUT, by: str = '') -> Cluster:
    """Return a cluster, for a ``with`` block; arguments as ``Cluster`` has them."""
    return Cluster(url, ttl, timeout, by)


def plain(value: msgspec.Struct | None) -> Any:
    """Return a value as plain data."""
    return None if value is None else msgspec.to_builtins(value)


def chosen(on: Iterable[str], hosts: Iterable[str], labels: Mapping[str, str] | None) -> Members:
    """Return which members are meant.

    Raises:
        ConfigError: A text was given where several are wanted.
    """
    for name, texts in (('on', on), ('hosts', hosts)):
        if isinstance(texts, str):
            raise ConfigError(name, texts, 'a list of texts')
    return Members(names=tuple(on), hosts=tuple(hosts), labels=dict(labels or {}))
