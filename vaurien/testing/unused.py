"""Whether the faults that a test has asked for were applied. Knows what the control server says of a proxy, and asks nobody."""
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from ..errors import UnusedFaultError, UnusedFaultWarning
from ..words.uses import Counts, Entry, Unread, explain, is_clear

#: what the control server says of a proxy
View = Mapping[str, Any]


class Unused(NamedTuple):
    """Faults that were asked for and never applied, a line for each.

    Args:
        certain: Those that every request was to get.
        likely: The others.
    """

    certain: tuple[str, ...] = ()
    likely: tuple[str, ...] = ()

    def __add__(self, other: Any) -> 'Unused':
        return Unused(self.certain + other.certain, self.likely + other.likely)


class Asked(Protocol):
    """Something that was asked for."""

    def unused(self, now: View) -> Unused: ...


class AskedMix:
    """A mix that was asked for.

    Args:
        before: What was said of the proxy before; None: it is new.
        after: What was said of it with the mix.
    """

    def __init__(self, before: View | None, after: View) -> None:
        self._name = after['name']
        self._entries = {use['number']: Entry(use['behavior'], use['percent'], use['settings'])
                         for use in after.get('uses', ()) if use['current'] and use['percent']}
        self._before = counts_of(before)
        self._requests = requests_of(before)
        self._unread = {unread['reason']: unread['sessions'] for unread in before['unread']} if before else {}

    def unused(self, now: View) -> Unused:
        """Return which of its behaviors were never applied, and should have been.

        Args:
            now: What is said of the proxy at the end.
        """
        found, counted = Unused(), counts_of(now)
        requests, unread = requests_of(now) - self._requests, self._unread_since(now)
        for number, entry in self._entries.items():
            if number not in counted:
                continue    # so long ago that the proxy has forgotten it
            counts = counted[number].since(self._before.get(number, Counts()))
            if is_clear(entry, counts, requests, unread):
                line = (explain(entry, counts, requests, unread, self._name),)
                found += Unused(line) if entry.certain else Unused((), line)
        return found

    def _unread_since(self, now: View) -> list[Unread]:
        since = [Unread(entry['reason'], entry['sessions'] - self._unread.get(entry['reason'], 0), entry['open'])
                 for entry in now.get('unread', ())]
        return [entry for entry in since if entry.sessions or entry.open]


def counts_of(view: View | None) -> dict[int, Counts]:
    """Return what each entry had come to, by its number."""
    return {use['number']: Counts(use['chosen'], use['unmatched'], use['applied'], tuple(use['names']))
            for use in (view or {}).get('uses', ())}


def requests_of(view: View | None) -> int:
    """Return how many requests had come."""
    return int(view['stats']['exchanges']) if view else 0


def complain(unused: Unused) -> None:
    """Raise where something that was certain was never applied, and warn of the rest."""
    __tracebackhide__ = True
    for line in dict.fromkeys(unused.likely):
        warnings.warn(line, UnusedFaultWarning, stacklevel=3)
    if unused.certain:
        raise UnusedFaultError(f'{"; ".join(dict.fromkeys(unused.certain))} (unused_ok=True lets that pass)')
