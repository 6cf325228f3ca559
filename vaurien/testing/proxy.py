"""One proxy of a running vaurien, for tests: its address, its chaos for the length of a block, and what happened in it.

Knows the control server by ``client``, and no process.
"""
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ..client import Client, Fault
from ..errors import ConfigError
from ..links import LINKS, PREFIX, make_link
from ..options import one_of

#: [seconds] between two looks at the sessions; one look takes about 1 ms
POLL_INTERVAL = 0.01
#: fields that a reset brings back; nothing here can change the protocol and the address
RESTORED = ('backend', 'mix', 'settings', 'toxics', 'enabled')


class OpenSession(NamedTuple):
    """An open session.

    Attributes:
        number: Its number in its proxy, from 1.
        client: The client's address.
        backend: The backend's address.
        age: Seconds since it was accepted.
        from_client: Bytes received from the client.
        from_backend: Bytes received from the backend.
        exchanges: Requests so far; where the protocol knows none, events from the client.
        behavior: What is applied to the exchange under way; empty: there is none.
        request: Its name.
    """

    number: int
    client: str
    backend: str
    age: float
    from_client: int
    from_backend: int
    exchanges: int
    behavior: str
    request: str


class Change:
    """A change that has been made. As a context manager it holds for the length of the block: at its end, also after an
    exception, what was there before comes back.

    Args:
        proxy: The proxy that has been changed.
        before: The fields of its spec that it replaced.
    """

    def __init__(self, proxy: 'RunningProxy', before: Mapping[str, Any]) -> None:
        self._proxy, self._before = proxy, before

    def __enter__(self) -> 'RunningProxy':
        return self._proxy

    def __exit__(self, *error: object) -> None:
        self.undo()

    def undo(self) -> None:
        """Bring back what was there before."""
        self._proxy.client.change(self._proxy.name, **self._before)


class WireChange(Change):
    """Toxics that have been put on. At the end of the block they are taken away, and those that they replaced come back.

    Args:
        proxy: The proxy that has been changed.
        names: What the toxics are called.
        replaced: What was there in their place.
    """

    def __init__(self, proxy: 'RunningProxy', names: Collection[str], replaced: Collection[Mapping[str, Any]] = ()) -> None:
        super().__init__(proxy, {})
        self._names, self._replaced = names, replaced

    def undo(self) -> None:
        """Take them away, and leave alone what others have put on meanwhile."""
        client, name = self._proxy.client, self._proxy.name
        others = [toxic for toxic in client.toxics(name) if toxic['name'] not in self._names]
        client.change(name, toxics=[*self._replaced, *others])


class RunningProxy:
    """A proxy that runs until the end of a block or a test.

    What goes wrong is changed at once by ``behavior``, ``mix``, ``toxic``, ``link`` and ``down``; used with ``with``, what was
    set before comes back at the end of the block. Open sessions go on; the change is in force from their next exchange on; toxics
    at once.

    Args:
        client: The control server that it is steered by.
        made: What the control server said when it was made.
        seed: What its randomness is made from.

    Attributes:
        client: For whatever else the control server can do.
        name: Its name there.
        seed: The same seed and the same connections and requests get the same faults.
        address: Where it listens: ``127.0.0.1:40123``.
        host, port: The two parts of it; port 0: ``host`` is the path of a Unix socket.
    """

    def __init__(self, client: Client, made: Mapping[str, Any], seed: int) -> None:
        self.client, self.seed = client, seed
        self.name, self.address = str(made['name']), str(made['address'])
        self.host, self.port = split(self.address)
        self._made = {key: made[key] for key in RESTORED}
        self._since = client.last_fault()

    def __repr__(self) -> str:
        return f'<vaurien {self.name} on {self.address}>'

    # -- chaos

    def behavior(self, name: str, percent: float = 100.0, **options: Any) -> Change:
        """Apply a behavior to exchanges, in place of all that was set.

        Args:
            name: The behavior's name.
            percent: The share of the exchanges.
            options: Its options; those not given have their configured values.

        Raises:
            ValueError: There is no such behavior, or an option does not fit; nothing has changed.
        """
        return self._change(mix=[{'name': name, 'percent': percent, 'settings': options}])

    def mix(self, text: str, **settings: Mapping[str, Any]) -> Change:
        """Apply a mix to exchanges, in place of all that was set.

        Args:
            text: ``20:delay,10:error``.
            settings: Options by behavior: ``delay={'sleep': 2}``.

        Raises:
            ValueError: It is not of this form, there is no such behavior, or an option does not fit; nothing has changed.
        """
        return self._change(mix=text, **({'settings': settings} if settings else {}))

    def toxic(self, type: str, /, *, stream: str = 'downstream', toxicity: float = 1.0, **attributes: Any) -> Change:
        """Put a toxic on the wire, beside those that are there.

        Args:
            type: Which toxic.
            stream: ``downstream``: bytes from the backend; ``upstream``: bytes to it.
            toxicity: The share of the sessions that it is active in, 0 to 1.
            attributes: Its options; those not given have their defaults.

        Raises:
            ValueError: There is no such toxic, or a value does not fit; nothing has changed.
        """
        taken, first = {toxic['name'] for toxic in self.client.toxics(self.name)}, f'{type}_{stream}'
        name = next(name for number in range(1, len(taken) + 2) if (name := numbered(first, number)) not in taken)
        made = self.client.add_toxic(self.name, type, attributes, name=name, stream=stream, toxicity=toxicity)
        return WireChange(self, (made['name'],))

    def link(self, name: str) -> Change:
        """Let the wire be like a link that people know, in place of another link, and beside toxics.

        Args:
            name: ``gprs``, ``3g``, ``satellite``, ...; ``vaurien.links.LINKS`` has all of them.

        Raises:
            ValueError: There is no such link; nothing has changed.
        """
        if name not in LINKS:
            raise ConfigError('link', name, one_of(LINKS))
        made = make_link(name)
        before = self.client.toxics(self.name)
        old = [toxic for toxic in before if toxic['name'].startswith(PREFIX)]
        self.client.change(self.name, toxics=[*made, *(toxic for toxic in before if toxic not in old)])
        return WireChange(self, [toxic['name'] for toxic in made], old)

    def down(self) -> Change:
        """Refuse connections, and reset the open ones; at the end of the block it listens at the same address again."""
        self.client.disable(self.name)
        return Change(self, {'enabled': True})

    def reset(self) -> None:
        """Be as when it was made, and forget the faults; sessions stay open."""
        self.client.change(self.name, mix=[])   # so that what was counted, such as a warmup, begins again
        self.client.change(self.name, **self._made)
        self._since = self.client.last_fault()

    def remove(self) -> None:
        """End it and its sessions, before its block or its test ends."""
        self.client.remove(self.name)

    def _change(self, **fields: Any) -> Change:
        now = self.client.show(self.name)
        self.client.change(self.name, **fields)
        return Change(self, {key: now[key] for key in fields})

    # -- what happens

    @property
    def sessions(self) -> list[OpenSession]:
        """The open sessions."""
        return [OpenSession(**{name: session[name] for name in OpenSession._fields})
                for session in self.client.sessions(self.name)]

    def wait_for_sessions(self, count: int, timeout: float = 10.0) -> list[OpenSession]:
        """Wait until there are exactly so many sessions.

        Args:
            count: How many; 0: until all have ended.
            timeout: Seconds to wait at most.

        Returns:
            The sessions.

        Raises:
            TimeoutError: There are not; the message says how many there are.
        """
        deadline, never = time.monotonic() + timeout, threading.Event()
        while (found := self.client.count_sessions(self.name)) != count:
            if time.monotonic() >= deadline:
                raise TimeoutError(f'{self.name} has {found} sessions, not {count}, after {timeout:g} s')
            never.wait(POLL_INTERVAL)
        return self.sessions

    def kill_sessions(self) -> None:
        """End all sessions with a reset."""
        self.client.kill_all(self.name)

    @property
    def faults(self) -> list[Fault]:
        """The faults that exchanges have met since it was made or reset, oldest first."""
        return self.client.faults(self.name, self._since)


def numbered(name: str, number: int) -> str:
    """Return the name of the first, the second, ... of several."""
    return name if number == 1 else f'{name}_{number}'


def split(address: str) -> tuple[str, int]:
    """Take an address apart: host and port; of a Unix socket its path and 0."""
    if address.startswith('unix:'):
        return address.removeprefix('unix:'), 0
    host, _, port = address.rpartition(':')
    return host.strip('[]'), int(port)
