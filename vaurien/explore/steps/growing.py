"""Two faults together: the second at a request that the test makes only under the first: a retry, a fallback. Makes no run."""
from collections.abc import Callable, Mapping

from ..baseline import Baseline
from ..model.faults import Point, points_of
from ..model.records import Tested
from ..model.sites import places


class Growing:
    """Grows pairs of single faults that had nothing wrong.

    Args:
        baseline: What is known without a fault.
        protocols: What the proxies speak.
        wanted: Says whether a fault is to be tried.
        handshakes: How the proxies have their clients' TLS, as ``handshake_of`` says.

    Attributes:
        grown: The pairs so far.
    """

    def __init__(self, baseline: Baseline, protocols: Mapping[str, str], wanted: Callable[[Point], bool],
                 handshakes: Mapping[str, str]) -> None:
        self._baseline, self._protocols, self._wanted, self._handshakes = baseline, protocols, wanted, handshakes
        self._bases: dict[int, Tested] = {}     # by the first fault: the test under it alone
        self._seen: set[object] = set()
        self.grown: list[Point] = []

    def grow(self, first: Point, tested: Tested) -> list[Point]:
        """Return the pairs that a fault leads to: one for each kind of request, class and mode after it, of all tests.

        Args:
            first: A single fault with nothing wrong.
            tested: The test under it.
        """
        if first.first is not None or not tested.passed:
            return []
        known = self._baseline.known
        usual = {(place.site, place.k) for place in places(self._baseline.tests[tested.name], known)}
        injected = {known.site(one) for one in tested.exchanges if one.fault} if first.mode != 'once' else set()
        found = []
        for place in places(tested, known):
            if (place.site, place.k) in usual or place.site in injected:
                continue
            proxy = place.site.proxy
            for point in points_of(place, self._protocols[proxy], handshake=self._handshakes.get(proxy, '')):
                key = first.key[1:], first.place.site, point.key
                if key not in self._seen and self._wanted(pair := point._replace(first=first)):
                    self._seen.add(key)
                    found.append(pair)
        if found:
            self._bases[id(first)] = tested
        self.grown += found
        return found

    def base(self, point: Point) -> Tested:
        """Return the test without a fault; that of a pair under the first of both."""
        return self._baseline.tests[point.place.test] if point.first is None else self._bases[id(point.first)]
