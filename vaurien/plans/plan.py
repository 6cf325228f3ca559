"""The plan of a process: its entries, and what each proxy has of them. Knows proxies by their names and protocols.

The one who changes it is told at once, in one line, what is wrong; then nothing has changed.
"""
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ConfigError
from ..options import check_count
from ..protocols.base import BaseProtocol
from ..spec import FaultSpec
from .entry import Entry
from .files import MAX_ENTRIES
from .globs import any_of
from .names import Meaning, Side, check_name, meaning_of
from .step import Step
from .steps import ProxyPlan

if TYPE_CHECKING:
    from .replay import Replay  # it brings along what reads journals


class PlannedFor(Protocol):
    """A proxy, as a plan knows it."""

    @property
    def name(self) -> str: ...
    @property
    def protocol(self) -> type[BaseProtocol]: ...
    @property
    def tls_sides(self) -> tuple[bool, bool, bool]: ...
    def plan_changed(self) -> None: ...


class UnknownEntryError(ConfigError):
    """The plan has no entry of this id."""

    def __init__(self, number: int) -> None:
        super().__init__('id', number, 'the id of an entry of the plan')

    def __str__(self) -> str:
        return f'the plan has no entry {self.value}'


class Plan:
    """What is meant to happen to certain requests, in all proxies of a process.

    Args:
        proxies: Gives the proxies that there are; they are told of each change.

    Attributes:
        test: The mark that holds; empty: none.
        replay: What is to be repeated of an earlier run; None: nothing. ``repeat`` says so.
    """

    def __init__(self, proxies: Callable[[], Iterable[PlannedFor]]) -> None:
        self._proxies, self.test, self._halted = proxies, '', False
        self.replay: Replay | None = None
        self._entries: dict[int, Entry] = {}
        self._count = 0
        self._made: dict[tuple[str, type[BaseProtocol]], ProxyPlan | None] = {}

    @property
    def entries(self) -> list[Entry]:
        """All entries, in their order, which is the order in which they are asked."""
        return list(self._entries.values())

    def get(self, number: int) -> Entry:
        """Return an entry.

        Raises:
            UnknownEntryError: There is none of this id.
        """
        try:
            return self._entries[number]
        except KeyError:
            raise UnknownEntryError(number) from None

    # -- changing

    def add(self, specs: Sequence[FaultSpec], label: str = 'faults') -> list[Entry]:
        """Add entries after those that there are; all of them, or none.

        Args:
            specs: The entries.
            label: How the user knows the list of them.

        Raises:
            ConfigError: An entry cannot be applied by any proxy that it is about, a value does not fit, or there are too many.
        """
        made = self._make(specs, label, len(self._entries))
        self._entries.update({entry.number: entry for entry in made})
        if made:
            self._changed(made)
        return made

    def replace(self, specs: Sequence[FaultSpec], label: str = 'faults') -> list[Entry]:
        """Take other entries in place of all that there are; what was counted is gone with these.

        Raises:
            ConfigError: As for ``add``; nothing has changed.
        """
        made = self._make(specs, label, 0)
        self.adopt(made)
        return made

    def prepare(self, specs: Sequence[FaultSpec], label: str, proxies: Sequence[tuple[str, Side]]) -> list[Entry]:
        """Make entries for proxies that may not be there yet, and change nothing; ``adopt`` puts them in force.

        Raises:
            ConfigError: As for ``add``.
        """
        return self._make(specs, label, 0, proxies)

    def adopt(self, entries: Iterable[Entry]) -> None:
        """Take entries in place of all that there are, with what they have counted."""
        self._entries = {entry.number: entry for entry in entries}
        self._changed()

    def _make(self, specs: Sequence[FaultSpec], label: str, others: int,
              proxies: Sequence[tuple[str, Side]] | None = None) -> list[Entry]:
        check_count(label, others + len(specs), MAX_ENTRIES, 'entries of a plan')
        if proxies is None:
            meant = any_of(spec.proxy for spec in specs)
            proxies = [(proxy.name, (proxy.protocol, *proxy.tls_sides)) for proxy in self._proxies() if meant(proxy.name)]
        made = make_entries(specs, proxies, label, self._count + 1)
        self._count += len(made)
        return made

    def remove(self, number: int) -> Entry:
        """Take an entry away, and return it; toxics that it has put on sessions go with it.

        Raises:
            UnknownEntryError: There is none of this id.
        """
        entry = self.get(number)
        del self._entries[number]
        self._changed((entry,))
        return entry

    def take_back(self, entries: Iterable[Entry]) -> None:
        """Take entries away that were added, as far as they are still there."""
        there = [entry for entry in entries if self._entries.get(entry.number) is entry]
        for entry in there:
            del self._entries[entry.number]
        if there:
            self._changed(there)

    def clear(self) -> None:
        """Take all entries away."""
        self._entries.clear()
        self._changed()

    def repeat(self, replay: 'Replay') -> None:
        """Let requests that the plan does not mean get what they got in an earlier run; sessions that begin from now on do."""
        self.replay = replay
        self._changed()

    def halt(self, on: bool) -> None:
        """Apply no entry and repeat nothing from here on, or do so again; entries and what they have counted stay."""
        self._halted = on
        self._changed()

    def _changed(self, entries: Sequence[Entry] | None = None) -> None:
        """Tell the proxies that entries are about which came or went; None: all proxies. The others have what they had."""
        concerned = list(self._proxies())
        if entries is None:
            self._made.clear()
        else:
            meant = any_of(entry.spec.proxy for entry in entries)
            concerned = [proxy for proxy in concerned if meant(proxy.name)]
        for proxy in concerned:
            self._made.pop((proxy.name, proxy.protocol), None)
            proxy.plan_changed()

    # -- for the proxies

    def of(self, proxy: str, protocol: type[BaseProtocol]) -> ProxyPlan | None:
        """Return what a proxy has of the plan; None: no entry is about it."""
        if self._halted or not self._entries and self.replay is None:
            return None
        key = proxy, protocol
        if key not in self._made:
            self._made[key] = self._of(proxy, protocol)
        return self._made[key]

    def _of(self, proxy: str, protocol: type[BaseProtocol]) -> ProxyPlan | None:
        steps = []
        meanings: dict[Any, Meaning] = {}   # thousands of entries may apply the same
        for entry in self._entries.values():
            if entry.is_about(proxy):
                key = applies(entry.spec)
                try:
                    meaning = meanings[key] = meanings.get(key) or meaning_of(entry.spec, protocol, 'fault')
                except ConfigError as error:
                    entry.missed(f'{proxy}: {error}')     # until another proxy has applied it
                else:
                    steps.append(Step(entry, meaning, protocol))
        replay = None if self.replay is None else self.replay.of(proxy)
        return ProxyPlan(steps, protocol, self.test, replay) if steps or replay else None

    # -- marks

    def mark(self, test: str) -> None:
        """Begin a test, or end it.

        Args:
            test: Its name; empty: there is none from here on.
        """
        self.test = test
        if self.replay is not None:
            self.replay.mark(test)
        if test:
            for entry in self._entries.values():
                entry.marked()
        for plan in self._made.values():
            if plan is not None:
                plan.marked(test)

    def unmet(self) -> list[Entry]:
        """Return the entries that were not applied to any request so far."""
        return [entry for entry in self._entries.values() if not entry.applied]

    def unrepeated(self) -> list[Entry]:
        """Return the faults of the earlier run that are not repeated so far."""
        return [] if self.replay is None else [entry for entry in self.replay.entries if not entry.applied]


def make_entries(specs: Iterable[FaultSpec], proxies: Sequence[tuple[str, Side]], label: str, first: int = 1) -> list[Entry]:
    """Make entries, each of which some proxy can apply.

    Args:
        specs: What they say.
        proxies: The proxies that there are.
        label: How the user knows the list of them.
        first: The id of the first one.

    Raises:
        ConfigError: None of the proxies that an entry is about can apply it, or a value does not fit.
    """
    made: list[Entry] = []
    good: set[tuple[str, tuple[str, str]]] = set()
    for index, spec in enumerate(specs):
        if (key := (spec.proxy, applies(spec))) not in good:
            check_name(spec, proxies, f'{label}[{index}]')
            good.add(key)
        made.append(Entry(first + index, spec, f'{label}[{index}]'))
    return made


def applies(spec: FaultSpec) -> tuple[str, str]:
    """Return what is the same in entries that apply the same."""
    return spec.name, repr(spec.settings)
