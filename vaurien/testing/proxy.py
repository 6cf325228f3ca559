"""One proxy of a running vaurien, for tests: its address, its chaos for the length of a block, and what happened in it.

Knows the control server by ``client``, and no process.
"""
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..client import Client, Fault, RefusedError
from ..client.quiet import is_refusal
from ..errors import ConfigError, VaurienError, meant
from ..links import LINKS, PREFIX, make_link
from ..options import one_of
from .arguments import BEHAVIOR, FAULT, MIX, TOXIC, Words, in_python
from .changes import Change, MixChange, WireChange
from .plan import PlannedFault, RunningPlan, about, fields_of
from .unused import Asked, AskedMix, Unused, complain
from .wait import wait_until

#: fields that a reset brings back; nothing here can change the protocol and the address
RESTORED = ('backend', 'mix', 'settings', 'toxics', 'enabled', 'accepting')
__tracebackhide__ = is_refusal


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


class RunningProxy:
    """A proxy that runs until the end of a block or a test.

    What goes wrong is changed at once by ``behavior``, ``mix``, ``toxic``, ``link``, ``down`` and ``stop_accepting``; used with
    ``with``, what was set before comes back at the end of the block. Open sessions go on; the change is in force from their next
    exchange on; toxics at once.

    Args:
        client: The control server that it is steered by.
        made: What the control server said when it was made.
        seed: What its randomness is made from.
        unused_ok: Whether no fault has to be applied that it is asked for.

    Attributes:
        client: For whatever else the control server can do.
        name: Its name there.
        seed: The same seed and the same connections and requests get the same faults.
        address: Where it listens: ``127.0.0.1:40123``.
        host, port: The two parts of it; port 0: ``host`` is the path of a Unix socket.
    """

    def __init__(self, client: Client, made: Mapping[str, Any], seed: int, unused_ok: bool = False) -> None:
        self.client, self.seed = client, seed
        self.name, self.address = str(made['name']), str(made['address'])
        self.host, self.port = split(self.address)
        self._made = {key: made[key] for key in RESTORED}
        self._since = client.last_fault()
        self._unused_ok, self._unused = unused_ok, Unused()
        self._asked: list[Asked] = [] if unused_ok else [AskedMix(None, made)]
        self._planned: list[PlannedFault] = []

    def __repr__(self) -> str:
        return f'<vaurien {self.name} on {self.address}>'

    # -- chaos

    def behavior(self, name: str, percent: float = 100.0, unused_ok: bool = False, **options: Any) -> 'Change[RunningProxy]':
        """Apply a behavior to exchanges, in place of all that was set.

        At 100 percent it has to be applied at least once: to the end of its block, or else to the end of the test.

        Args:
            name: The behavior's name.
            percent: The share of the exchanges.
            unused_ok: Whether it need not be applied at all.
            options: Its options; those not given have their configured values.

        Raises:
            ValueError: There is no such behavior, or an option does not fit; nothing has changed.
        """
        return self._ask(BEHAVIOR, unused_ok, mix=[{'name': name, 'percent': percent, 'settings': options}])

    def mix(self, text: str, unused_ok: bool = False, **settings: Mapping[str, Any]) -> 'Change[RunningProxy]':
        """Apply a mix to exchanges, in place of all that was set.

        Args:
            text: ``20:delay,10:error``.
            unused_ok: As for ``behavior``.
            settings: Options by behavior: ``delay={'sleep': 2}``.

        Raises:
            ValueError: It is not of this form, there is no such behavior, or an option does not fit; nothing has changed.
        """
        return self._ask(MIX, unused_ok, mix=text, **({'settings': settings} if settings else {}))

    def toxic(self, type: str, /, *, stream: str = 'downstream', toxicity: float = 1.0,
              **attributes: Any) -> 'Change[RunningProxy]':
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
        names = (first, *(f'{first}_{number}' for number in range(2, len(taken) + 2)))
        name = next(name for name in names if name not in taken)
        try:
            made = self.client.add_toxic(self.name, type, attributes, name=name, stream=stream, toxicity=toxicity)
        except RefusedError as error:
            raise in_python(error, TOXIC) from None
        return WireChange(self, (made['name'],))

    def link(self, name: str) -> 'Change[RunningProxy]':
        """Let the wire be like a link that people know, in place of another link, and beside toxics.

        Args:
            name: ``gprs``, ``3g``, ``satellite``, ...; ``vaurien.links.LINKS`` has all of them.

        Raises:
            ValueError: There is no such link; nothing has changed.
        """
        if name not in LINKS:
            raise ConfigError('link', name, one_of(LINKS) + meant(name, LINKS))
        made = make_link(name)
        before = self.client.toxics(self.name)
        old = [toxic for toxic in before if toxic['name'].startswith(PREFIX)]
        self.client.change(self.name, toxics=[*made, *(toxic for toxic in before if toxic not in old)])
        return WireChange(self, [toxic['name'] for toxic in made], old)

    def down(self) -> 'Change[RunningProxy]':
        """Refuse connections, and reset the open ones; at the end of the block it listens at the same address again."""
        self.client.disable(self.name)
        return Change(self, {'enabled': True})

    def stop_accepting(self) -> 'Change[RunningProxy]':
        """Refuse new connections, and let the open ones live on; at the end of the block it listens at the same address again."""
        before = self.client.show(self.name)['accepting']
        self.client.change(self.name, accepting=False)
        return Change(self, {'accepting': before})

    def fault(self, request: str = '*', *, nth: int = 1, kind: str = '', behavior: str = '', toxic: str = '', count: int = 1,
              match: str = '', stage: str = '', session: int = 0, exchange: int = 0, unused_ok: bool = False,
              **options: Any) -> PlannedFault:
        """Apply one failure to exactly the request that is meant, beside all that is drawn.

        Args:
            request: The request, by its name or by its shape; ``*`` stands for any characters. ``connect``: the opening of
                connections.
            nth: Which of those that match, from 1; 0: each.
            kind: A kind of the protocol's errors, or one of their codes.
            behavior: A behavior in its place.
            toxic: A toxic in its place, from this request on.
            count: How many requests in a row get it; 0: all.
            match: A regular expression that is searched in the name too.
            stage: The stage of the exchange.
            session: The number of the session; 0: any.
            exchange: The number of the exchange in its session; 0: any.
            unused_ok: As for ``behavior``.
            options: Options of what is applied; of a toxic also ``stream`` and ``requests``.

        Raises:
            ValueError: This proxy has nothing of that name, or a value does not fit; nothing has changed.
        """
        named = {'kind': kind, 'behavior': behavior, 'toxic': toxic}
        fields = fields_of(self.name, request, named, options, nth=nth, count=count, match=match, stage=stage, session=session,
                           exchange=exchange)
        try:
            return self.plan(fields, unused_ok=unused_ok).faults[0]
        except RefusedError as error:
            raise in_python(error, FAULT) from None

    def plan(self, *faults: str | Mapping[str, Any], unused_ok: bool = False) -> RunningPlan:
        """Apply failures to exactly the requests that are meant, beside all that is drawn.

        Args:
            faults: Each as a text, ``SET session:* #2 = readonly``, or as the fields of ``vaurien.spec.FaultSpec``. They are
                about this proxy, unless they name another one.
            unused_ok: As for ``behavior``.

        Raises:
            ValueError: An entry is not of that form, or cannot be applied; nothing has changed.
        """
        entries = self.client.add_to_plan(*(about(self.name, fault) for fault in faults))
        made = [PlannedFault(self.client, entry, unused_ok or self._unused_ok) for entry in entries]
        self._planned += made
        self._asked += made
        return RunningPlan(made)

    def reset(self) -> None:
        """Be as when it was made, and forget the faults and what was planned here; sessions stay open."""
        self.forget_plan()
        self.client.change(self.name, mix=[])   # so that what was counted, such as a warmup, begins again
        self.client.change(self.name, **self._made)
        self._since = self.client.last_fault()

    def forget_plan(self) -> None:
        """Take away what was planned here."""
        planned, self._planned = self._planned, []
        RunningPlan(planned).remove()

    def remove(self) -> None:
        """End it and its sessions, before its block or its test ends."""
        self._unused += self._all_unused()
        self.forget_plan()
        self.client.remove(self.name)

    def _ask(self, words: Words, unused_ok: bool, **fields: Any) -> 'MixChange[RunningProxy]':
        before = self.client.show(self.name)
        try:
            after = self.client.change(self.name, **fields)
        except RefusedError as error:
            raise in_python(error, words) from None
        asked = None if unused_ok or self._unused_ok else AskedMix(before, after)
        if asked is not None:
            self._asked.append(asked)
        return MixChange(self, {key: before[key] for key in fields}, asked)

    # -- whether it was applied

    def check_used(self) -> None:
        """Refuse what was asked for outside of a block, or when the proxy was made, and never was applied.

        The fixture does this at the end of a test, and ``running`` at the end of its block.

        Raises:
            UnusedFaultError: A behavior that every request was to get has never been applied.

        Warns:
            UnusedFaultWarning: One that some requests were to get has never been applied, though it was chosen often enough.
        """
        unused, self._unused = self._unused + self._all_unused(), Unused()
        complain(unused)

    def settle(self, asked: AskedMix | None, fine: bool) -> Unused:
        """Return what of a mix was never applied, at the end of its block; nothing where that has failed."""
        if asked is None or asked not in self._asked:
            return Unused()
        self._asked.remove(asked)
        return asked.unused(self.client.show(self.name)) if fine else Unused()

    def _all_unused(self) -> Unused:
        asked, self._asked = self._asked, []
        if not asked:
            return Unused()
        try:
            now = self.client.show(self.name)
            return sum((one.unused(now) for one in asked), Unused())
        except VaurienError:
            return Unused()     # others have removed it, or ended the process

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
        wait_until(lambda: (found := self.client.count_sessions(self.name)) != count and
                   f'{self.name} has {found} sessions, not {count}', timeout)
        return self.sessions

    def wait_for_connections(self, count: int = 1, timeout: float = 10.0) -> list[OpenSession]:
        """Wait until there are so many sessions, or more.

        Args:
            count: How many, at least.
            timeout: Seconds to wait at most.

        Returns:
            The sessions.

        Raises:
            TimeoutError: There are not; the message says how many there are.
        """
        wait_until(lambda: (found := self.client.count_sessions(self.name)) < count and
                   f'{self.name} has {found} sessions, not {count} or more', timeout)
        return self.sessions

    def wait_applied(self, count: int = 1, timeout: float = 10.0) -> list[Fault]:
        """Wait until so many faults were applied since it was made or reset, whatever applied them.

        Args:
            count: How many, at least.
            timeout: Seconds to wait at most.

        Returns:
            The faults, oldest first.

        Raises:
            TimeoutError: There were not; the message says how many there were.
        """
        wait_until(lambda: (found := len(self.faults)) < count and
                   f'{self.name} has applied {found} faults, not {count} or more', timeout)
        return self.faults

    def kill_sessions(self) -> None:
        """End all sessions with a reset."""
        self.client.kill_all(self.name)

    @property
    def faults(self) -> list[Fault]:
        """The faults that exchanges have met since it was made or reset, oldest first."""
        return self.client.faults(self.name, self._since)


def split(address: str) -> tuple[str, int]:
    """Take an address apart: host and port; of a Unix socket its path and 0."""
    if address.startswith('unix:'):
        return address.removeprefix('unix:'), 0
    host, _, port = address.rpartition(':')
    return host.strip('[]'), int(port)
