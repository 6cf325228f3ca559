"""What it costs that somebody watches: 20,000 requests a second through a proxy with its page open in a browser. make watch."""
import argparse
import selectors
import statistics
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from .support.driven import driven_browser
from .support.paged import a_proxy, client_of, opened, shared
from .support.peers import connect
from .support.servers import redis_server

CONNECTIONS, TICK = 50, 0.01    #: how many send, and every so often [s]
PING, PONG = b'*1\r\n$4\r\nPING\r\n', b'+PONG\r\n'
ALONE = 30.0        #: [s] without the page, before and after
SETTLED = 30.0      #: [s] with it, after which its memory may grow no more
MOST_LOST, MOST_SECONDS, MOST_GROWN = 0.05, 0.05, 8 * 2 ** 20   #: of the requests; for 99 of 100 calls [s]; [bytes]


def send(port: int, rate: int, until: Callable[[], bool]) -> float:
    """Send requests at a pace over many connections, a few at once, and read the responses; return how many came a second.

    Args:
        port: Of the proxy.
        rate: Requests a second that are offered.
        until: Asked every ``TICK`` whether to end.
    """
    began, sent, received = time.monotonic(), 0, 0
    with ExitStack() as ending:
        some = [ending.enter_context(connect(port)) for _ in range(CONNECTIONS)]
        selector = ending.enter_context(selectors.DefaultSelector())
        for one in some:
            one.setblocking(False)
            selector.register(one, selectors.EVENT_READ)
        while not until():
            due = int((time.monotonic() - began) * rate) - sent
            # no more wait than a tenth of a second has: what cannot keep up is offered less
            each = min(due, rate // 10 - (sent - received // len(PONG))) // CONNECTIONS
            if each > 0:
                for one in some:
                    one.send(PING * each)
                sent += each * CONNECTIONS
            for key, _ in selector.select(TICK):
                found: Any = key.fileobj
                received += len(found.recv(2 ** 16))
    return received / len(PONG) / (time.monotonic() - began)


def resident(pid: int) -> int:
    """Return how much memory a process has [bytes]."""
    with open(f'/proc/{pid}/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * 4096


class Calls(threading.Thread):
    """Asks the API for all proxies, 20 times a second, and notes how long that takes."""

    def __init__(self, client: Any) -> None:
        super().__init__()
        self._client, self._over, self.seconds = client, threading.Event(), list[float]()

    def run(self) -> None:
        while not self._over.wait(0.05):
            began = time.monotonic()
            self._client.proxies()
            self.seconds.append(time.monotonic() - began)

    def end(self) -> None:
        """End it."""
        self._over.set()
        self.join()


def within(seconds: float) -> Callable[[], bool]:
    """Return what says whether so many seconds are over."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def main() -> int:
    """Measure, print what was found, and return whether it is too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--minutes', type=float, default=5.0)
    parser.add_argument('--rate', type=int, default=20_000)
    given = parser.parse_args()
    with redis_server() as redis, shared() as vaurien, driven_browser() as window, \
            a_proxy(client_of(vaurien), backend=redis.address, protocol='redis') as proxy:
        alone = [send(proxy.port, given.rate, within(ALONE))]
        opened(window, vaurien, proxy.view)
        first = send(proxy.port, given.rate, within(SETTLED))
        before, calls = resident(vaurien.pid), Calls(client_of(vaurien))
        calls.start()
        watched = send(proxy.port, given.rate, within(given.minutes * 60))
        calls.end()
        grown, shown = resident(vaurien.pid) - before, 'looked at' in window.text
        window.driver.get('about:blank')
        alone.append(send(proxy.port, given.rate, within(ALONE)))
    lost = 1 - watched / statistics.mean(alone)
    slowest = statistics.quantiles(calls.seconds, n=100)[98]
    sys.stdout.write(f'without the page: {alone[0]:,.0f} and {alone[1]:,.0f} requests/s\n'
                     f'with it: {first:,.0f} at first, then {watched:,.0f} for {given.minutes:g} minutes: {lost:.1%} fewer\n'
                     f'calls: 99 of 100 within {slowest * 1000:.1f} ms, of {len(calls.seconds)}\n'
                     f'memory: {before / 2 ** 20:.1f} MB, and {grown / 2 ** 20:+.1f} MB in the end\n')
    return not (shown and lost <= MOST_LOST and slowest <= MOST_SECONDS and grown <= MOST_GROWN)


if __name__ == '__main__':
    sys.exit(main())
