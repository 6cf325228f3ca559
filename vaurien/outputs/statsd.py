"""Counters for statsd, as differences sent once in a while. Knows the fleet; no request, and no session.

Nothing waits for it: the host is looked up in a greenlet, again and again until it is known, and what was counted meanwhile is
not lost. Names: ``PREFIX.PROXY.sessions``, ``.exchanges``, ``.bytes.client``, ``.faults.BEHAVIOR.KIND`` and so on.
"""
import logging
import re
from typing import Any

import gevent
from statsd import StatsClient

from ..address import Address
from ..net import sockets
from ..net.breath import Breath
from ..proxies.fleet import Fleet
from ..proxies.proxy import Proxy
from ..spec import StatsdSpec

logger = logging.getLogger(__name__)

SEND_INTERVAL = 1.0  #: [seconds] between two sends; statsd itself sums up ten by default
LOOKUP_INTERVAL = 30.0  #: [seconds] until a host that is not known is looked up again
SLICE = 50  #: proxies whose counters are sent in one go
MAX_DATAGRAM_BYTES = 512  #: [bytes] of one; it fits any network
_UNFIT = re.compile(r'[^A-Za-z0-9_-]')
_PLAIN = ('refused', 'backend_errors', 'handler_errors', 'accept_errors')


class Reporter:
    """Sends what a fleet counts: ``start`` it, ``stop`` it.

    Args:
        fleet: What counts.
        spec: Where to.
        period: Seconds between two sends.
    """

    def __init__(self, fleet: Fleet, spec: StatsdSpec, period: float = SEND_INTERVAL) -> None:
        self._fleet, self._spec, self._period = fleet, spec, period
        self._sent: dict[Proxy, dict[str, int]] = {}    # what has been sent of each proxy
        self._client: Any = None
        self._greenlet: Any = None

    def start(self) -> None:
        """Begin to send."""
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """Send the rest, and stop."""
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None
        if self._client is not None:
            self.send()
            self._client.close()
            self._client = None

    def _run(self) -> None:
        while self._client is None:
            try:
                self._client = self._connect()
            except OSError as error:
                logger.warning('statsd at %s is not known: %s', self._spec.host, error.strerror or error)
                gevent.sleep(LOOKUP_INTERVAL)
        while True:
            gevent.sleep(self._period)
            self.send()

    def _connect(self) -> Any:
        """Make a client for an address, not for a name: the library would look it up and hold up the loop."""
        address = Address(self._spec.host, self._spec.port)
        _, (host, *_) = (sockets.known(address) or sockets.resolve(address))[0]
        prefix = '.'.join(map(fitting, self._spec.prefix.split('.')))
        client = StatsClient(host, self._spec.port, prefix, MAX_DATAGRAM_BYTES, ipv6=':' in host)
        client._sock.setblocking(False)
        return client

    def send(self) -> None:
        """Send what has been counted since the last time; what a datagram loses is lost."""
        self._fleet.refresh()
        breathe, proxies = Breath(), list(self._fleet.proxies.values())
        removed = set(self._sent).difference(proxies)
        for start in range(0, len(proxies), SLICE):
            with self._client.pipeline() as pipe:
                for proxy in proxies[start:start + SLICE]:
                    pipe.gauge(f'{fitting(proxy.name)}.open', len(proxy.sessions))
                    self._count(pipe, proxy)
            breathe()   # thousands of proxies take a while
        for proxy in removed:   # what it has counted to its end
            with self._client.pipeline() as pipe:
                self._count(pipe, proxy)
            del self._sent[proxy]

    def _count(self, pipe: Any, proxy: Proxy) -> None:
        """Send the differences of one proxy."""
        sent = self._sent.setdefault(proxy, {})
        for what, count in counters(proxy).items():
            new = count - sent.get(what, 0)
            if new:
                pipe.incr(f'{fitting(proxy.name)}.{what}', new, self._spec.sample_rate)
                sent[what] = count


def counters(proxy: Proxy) -> dict[str, int]:
    """Return what a proxy has counted, by the names that statsd gets."""
    stats = proxy.stats
    exchanges, from_client, from_backend = proxy.totals()
    result = {'sessions': stats.accepted, 'exchanges': exchanges, 'bytes.client': from_client, 'bytes.backend': from_backend}
    result.update({name: getattr(stats, name) for name in _PLAIN})
    for (behavior, kind), count in stats.faults.items():
        result['.'.join(('faults', fitting(behavior), *([fitting(kind)] if kind else [])))] = count
    return result


def fitting(name: str) -> str:
    """Make one part of a counter's name of any text."""
    return _UNFIT.sub('_', name)
