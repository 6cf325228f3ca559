"""Counters for Prometheus, read from the fleet when they are asked for. Knows the fleet, and nothing of requests."""
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from .. import __version__
from ..net.breath import Breath
from ..proxies.fleet import Fleet
from ..proxies.proxy import Proxy
from .times import LABELS, Times
from .traces.counts import SpanCounts

CONTENT_TYPE = CONTENT_TYPE_LATEST
SLICE = 100  #: proxies whose samples are written in one go
Sample = tuple[tuple[str, ...], float]
TOXIPROXY_LABELS = ('direction', 'listener', 'upstream')  #: the labels of its counters, besides the proxy


def received(proxy: Proxy) -> Iterable[Sample]:
    """Count the bytes received from clients and from backends, as Toxiproxy names them."""
    _, from_client, from_backend = proxy.totals()
    return by_direction(proxy, from_client, from_backend)


def sent(proxy: Proxy) -> Iterable[Sample]:
    """Count the bytes sent to backends and to clients, as Toxiproxy names them."""
    return by_direction(proxy, *proxy.sent())


def by_direction(proxy: Proxy, upstream: int, downstream: int) -> Iterable[Sample]:
    """Make samples of the counts of both directions."""
    where = str(proxy.bound), proxy.spec.backend
    return (('upstream', *where), upstream), (('downstream', *where), downstream)


#: by name: family, help, labels, and the samples of a proxy; bytes and exchanges of open sessions are counted as they pass
FAMILIES: dict[str, tuple[Any, str, tuple[str, ...], Callable[[Proxy], Iterable[Sample]]]] = {
    'vaurien_proxy_enabled': (GaugeMetricFamily, 'Whether the proxy listens', (), lambda proxy: [((), proxy.started)]),
    'vaurien_sessions': (GaugeMetricFamily, 'Open sessions', (), lambda proxy: [((), len(proxy.sessions))]),
    'vaurien_accepted': (CounterMetricFamily, 'Connections of clients that were accepted', (),
                         lambda proxy: [((), proxy.stats.accepted)]),
    'vaurien_refused': (CounterMetricFamily, 'Connections of clients beyond the limit', (),
                        lambda proxy: [((), proxy.stats.refused)]),
    'vaurien_bytes': (CounterMetricFamily, 'Bytes received from clients and from backends', ('source',),
                      lambda proxy: zip((('client',), ('backend',)), proxy.totals()[1:], strict=True)),
    'vaurien_exchanges': (CounterMetricFamily, 'Requests; where the protocol knows none, events from clients', (),
                          lambda proxy: [((), proxy.totals()[0])]),
    'vaurien_faults': (CounterMetricFamily, 'Injected faults', ('behavior', 'kind'), lambda proxy: proxy.stats.faults.items()),
    'vaurien_backend_errors': (CounterMetricFamily, 'Sessions whose backend could not be reached', (),
                               lambda proxy: [((), proxy.stats.backend_errors)]),
    'vaurien_handler_errors': (CounterMetricFamily, 'Sessions that a plugin has failed', (),
                               lambda proxy: [((), proxy.stats.handler_errors)]),
    'vaurien_accept_errors': (CounterMetricFamily, 'Failures of the system to accept a connection', (),
                              lambda proxy: [((), proxy.stats.accept_errors)]),
    'toxiproxy_proxy_received_bytes': (CounterMetricFamily, "Bytes received, by Toxiproxy's name", TOXIPROXY_LABELS, received),
    'toxiproxy_proxy_sent_bytes': (CounterMetricFamily, "Bytes sent, by Toxiproxy's name", TOXIPROXY_LABELS, sent),
}


TIMES, BUSY = 'vaurien_exchange_seconds', 'vaurien_busy_seconds'
#: by name: the labels of the families that are not about a proxy, and of those that are only there where they are asked for
OTHER_LABELS = {'vaurien': ('version',), 'vaurien_plan_matched': ('entry',), 'vaurien_plan_applied': ('entry',),
                'vaurien_scenario_playing': ('scenario',), 'vaurien_workers_replaced': (), 'vaurien_workers_lost_sessions': (),
                TIMES: ('proxy', *LABELS), 'vaurien_spans_sent': (), 'vaurien_spans_lost': (),
                BUSY: ('proxy', 'protocol', 'what')}


class FleetCollector(Collector):
    """Reads a fleet.

    Args:
        fleet: The fleet.
        times: How long its requests took; None: nobody counts that.
        spans: What became of spans; None: none are made.
    """

    def __init__(self, fleet: Fleet, times: Times | None = None, spans: SpanCounts | None = None) -> None:
        self._fleet, self._times, self._spans = fleet, times, spans

    def collect(self) -> Iterator[Metric]:
        """Return the families, one after the other, each as the fleet is when it is asked for, and in slices of its proxies."""
        yield InfoMetricFamily('vaurien', 'What runs', value={'version': __version__})
        for name, (make, text, labels, samples) in FAMILIES.items():
            for proxies in slices(self._fleet):
                family = make(name, text, labels=('proxy', *labels))
                for proxy in proxies:
                    for values, count in samples(proxy):
                        family.add_metric((proxy.name, *values), count)
                yield family
        yield from self._planned()
        if self._times is not None:
            times = made(HistogramMetricFamily, TIMES, 'Seconds that requests took, with --http-times')
            for labels, buckets, total in self._times.samples():
                times.add_metric(labels, buckets, total)
            yield times
        if self._spans is not None:
            sent = made(CounterMetricFamily, 'vaurien_spans_sent', 'Spans that the collector has taken, with --otel')
            lost = made(CounterMetricFamily, 'vaurien_spans_lost', 'Spans that it has not taken, or that too many waited before')
            for family, count in ((sent, self._spans.sent), (lost, self._spans.lost)):
                family.add_metric((), count)
                yield family
        if self._fleet.busy is not None:
            yield from self._busy()

    def _busy(self) -> Iterator[Metric]:
        """Return where the time of the event loop went."""
        busy = made(CounterMetricFamily, BUSY, 'Seconds of the event loop, with --busy')
        for owner, seconds in self._fleet.busy.known().items():
            busy.add_metric(owner, seconds)
        yield busy

    def _planned(self) -> Iterator[Metric]:
        """Return what became of the plan, and which scenario is played."""
        matched = made(CounterMetricFamily, 'vaurien_plan_matched', 'Requests that were as an entry of the plan says')
        applied = made(CounterMetricFamily, 'vaurien_plan_applied', 'Requests that an entry of the plan was applied to')
        for entry in self._fleet.plan.entries:
            matched.add_metric((str(entry.number),), entry.matched)
            applied.add_metric((str(entry.number),), entry.applied)
        playing = made(GaugeMetricFamily, 'vaurien_scenario_playing', 'The scenario that is played')
        if self._fleet.scenario:
            playing.add_metric((self._fleet.scenario,), 1)
        yield from (matched, applied, playing)
        replaced = made(CounterMetricFamily, 'vaurien_workers_replaced', 'Workers that have died, in whose place others came')
        lost = made(CounterMetricFamily, 'vaurien_workers_lost_sessions', 'Sessions that these had')
        if self._fleet.workers:
            replaced.add_metric((), self._fleet.workers.replaced)
            lost.add_metric((), self._fleet.workers.lost)
        yield from (replaced, lost)


def made(family: Any, name: str, text: str) -> Any:
    """Make a family of ``OTHER_LABELS``."""
    return family(name, text, labels=OTHER_LABELS[name])


def slices(fleet: Fleet) -> Iterable[list[Proxy]]:
    """Return the proxies, ``SLICE`` at a time; at least once."""
    proxies = list(fleet.proxies.values())
    return [proxies[start:start + SLICE] for start in range(0, max(1, len(proxies)), SLICE)]


class Metrics:
    """The page of counters, in a registry of its own.

    Args:
        fleet: What it is about.
        times, spans: As for ``FleetCollector``.
    """

    def __init__(self, fleet: Fleet, times: Times | None = None, spans: SpanCounts | None = None) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(FleetCollector(fleet, times, spans))

    def text(self) -> bytes:
        """Write the page; a thousand proxies take a while, so others have their turn in between."""
        pages, last, breathe = [], '', Breath()
        for family in self.registry.collect():
            breathe()
            page = generate_latest(SingleFamily(family))
            if family.name == last:     # the next slice of one that has its help and its type already
                page = b''.join(line for line in page.splitlines(True) if not line.startswith(b'#'))
            pages.append(page)
            last = family.name
        return b''.join(pages)


class SingleFamily:
    """A registry of one family."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        """Return it."""
        return (self._family,)
