"""How busy proxies are, from what they have counted at two moments. Knows no server and no terminal."""
from collections.abc import Iterable, Mapping
from typing import Any

COUNTED = ('exchanges', 'bytes', 'faults')


def totals(counted: Mapping[str, Any]) -> dict[str, int]:
    """Return what is added up in the counts of a proxy."""
    return {'exchanges': counted['exchanges'], 'bytes': counted['from_client'] + counted['from_backend'],
            'faults': counted['faults']}


class Rates:
    """Makes rates of counts that come one after the other."""

    def __init__(self) -> None:
        self._before: dict[str, dict[str, int]] = {}
        self._at = 0.0

    def rows(self, stats: Iterable[Mapping[str, Any]], now: float) -> list[dict[str, Any]]:
        """Return how many there were a second since the last call, by proxy.

        Args:
            stats: What each proxy has counted.
            now: Seconds of a clock that only goes forward.

        Returns:
            Rows with ``proxy``, ``sessions`` and what is ``COUNTED``; that of a proxy which was not there before, or was made
            anew, has zeros.
        """
        rows, seconds = [], now - self._at
        before, self._before, self._at = self._before, {}, now
        for counted in stats:
            name, new = counted['proxy'], totals(counted)
            old = before.get(name, new)
            if any(new[key] < old[key] for key in COUNTED):
                old = new
            self._before[name] = new
            rows.append({'proxy': name, 'sessions': counted['sessions'],
                         **{key: (new[key] - old[key]) / seconds for key in COUNTED}})
        return rows
