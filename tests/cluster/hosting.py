"""Simulated members in processes of their own, which say when each of them has done what.

``python -m tests.cluster.hosting URL COUNT PREFIX PROXIES TTL`` is one of these processes: a question a line, in JSON.
"""
import json
import logging
import subprocess
import sys
from typing import Any

import gevent

from tests.support.daemon import environment
from tests.support.lateness import Lateness
from tests.support.members import Simulated, simulated

PATIENCE = 300.0    #: [s] for the end of such a process


def reached(members: 'list[Simulated]', revision: int) -> list[float]:
    """Return when each has applied a revision; 0: it has not."""
    return [min((at for there, at in member.reached.items() if there >= revision), default=0.0) for member in members]


def turned(members: 'list[Simulated]', since: float, faulty: bool) -> list[float]:
    """Return when each has begun, or ceased, to have faults; 0: it has not since then."""
    return [next((at for at, state in member.turns if at >= since and state is faulty), 0.0) for member in members]


class Simulating:
    """Members in other processes.

    Args:
        url: The cluster.
        count: How many there are.
        proxies: How many each has: ``shop``, ``shop1`` and so on.
        processes: In how many processes they are.
        ttl: Seconds without etcd after which they heal.
    """

    def __init__(self, url: str, count: int, proxies: int, processes: int, ttl: int) -> None:
        shares = [count // processes + (number < count % processes) for number in range(processes)]
        self.count = count
        self._processes = [subprocess.Popen(
            [sys.executable, '-m', 'tests.cluster.hosting', url, str(share), f's{number}-', str(proxies), str(ttl)],
            env=environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for number, share in enumerate(shares) if share]

    def ready(self) -> None:
        """Wait until all have begun."""
        for process in self._processes:
            assert process.stdout is not None
            assert process.stdout.readline() == 'ready\n', 'simulated members do not begin'

    def ask(self, *question: Any) -> list[Any]:
        """Return what each process says."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(json.dumps(question) + '\n')
            process.stdin.flush()
        return [json.loads(process.stdout.readline()) for process in self._processes if process.stdout]

    def times(self, *question: Any) -> list[float]:
        """Return what is said of each member."""
        return [moment for answer in self.ask(*question) for moment in answer]

    def late(self) -> float:
        """Return by how much their loops were late at worst since this was asked last [s]."""
        return max(self.ask('late'), default=0.0)

    def close(self) -> None:
        """End them."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in self._processes:
            process.wait(PATIENCE)
            if process.stdout:
                process.stdout.close()


def main() -> None:
    """Have some, and answer."""
    url, count, prefix, proxies, ttl = sys.argv[1:]
    logging.disable()
    lateness = Lateness(gevent.sleep)
    names = ['shop', *(f'shop{number}' for number in range(1, int(proxies)))]
    with simulated(url, int(count), names, int(ttl), prefix, beside=lateness.measure) as members:
        print('ready', flush=True)
        for line in sys.stdin:
            word, *rest = json.loads(line)
            answer: Any = lateness.take() if word == 'late' else {'reached': reached, 'turned': turned}[word](members, *rest)
            print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    main()
