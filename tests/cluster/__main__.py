"""``make cluster``: how long a change takes to reach all members, and what it costs, while there are more and more of them.

``python -m tests.cluster --real 50 --simulated 1000``. Times are of the monotonic clock of this machine, which all of them share.
"""
import argparse
import contextlib
import http.client
import re
import statistics
import subprocess
import sys
import time

import vaurien
from tests.support.daemon import Daemon, daemon, environment
from tests.support.etcd import HOST, Etcds, etcd_servers
from vaurien.clusters.asking import Asking
from vaurien.clusters.model import Members
from vaurien.clusters.where import find_cluster

TTL = 30    #: [s] of members here: hundreds of them share the cores with etcd
PATIENCE = 300.0    #: [s]
SENT = re.compile(r'^etcd_network_client_grpc_(sent|received)_bytes_total (\S+)$', re.MULTILINE)
#: members in a process of its own, which says when each has applied a revision
HOST_OF_MEMBERS = '''
import sys, time
from tests.support.members import simulated
url, count, prefix, proxies = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
with simulated(url, count, [f'p{number}' for number in range(proxies)], 30, prefix) as members:
    print('ready', flush=True)
    for line in sys.stdin:
        revision = int(line)
        until = time.monotonic() + 60
        def first(member):
            return min((at for there, at in member.reached.items() if there >= revision), default=0.0)
        while not all(map(first, members)) and time.monotonic() < until:
            time.sleep(0.02)
        print(' '.join(str(first(member)) for member in members), flush=True)
'''


def traffic(etcd: Etcds) -> int:
    """Return the bytes that all members of etcd have sent to and received from their clients."""
    total = 0.0
    for port in etcd.ports:
        connection = http.client.HTTPConnection(HOST, port, timeout=30)
        with contextlib.closing(connection):
            connection.request('GET', '/metrics')
            total += sum(float(value) for _, value in SENT.findall(connection.getresponse().read().decode()))
    return int(total)


def processor(pids: 'list[int]') -> float:
    """Return the processor time of processes [s]."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError), open(f'/proc/{pid}/stat') as file:
            total += sum(map(int, file.read().rpartition(')')[2].split()[11:13]))
    return total / 100


class Simulating:
    """Members in other processes.

    Args:
        url: The cluster.
        count: How many there are.
        proxies: How many each has.
        processes: In how many processes they are.
    """

    def __init__(self, url: str, count: int, proxies: int, processes: int) -> None:
        shares = [count // processes + (number < count % processes) for number in range(processes)]
        self.processes = [subprocess.Popen(
            [sys.executable, '-c', HOST_OF_MEMBERS, url, str(share), f's{number}-', str(proxies)], env=environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) for number, share in enumerate(shares) if share]
        for process in self.processes:
            assert process.stdout is not None
            process.stdout.readline()

    def reached(self, revision: int) -> list[float]:
        """Return when each has applied a revision; 0: it has not."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(f'{revision}\n')
            process.stdin.flush()
        return [float(word) for process in self.processes if process.stdout for word in process.stdout.readline().split()]

    def close(self) -> None:
        """End them."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in self.processes:
            process.wait(PATIENCE)
            if process.stdout:
                process.stdout.close()


def wait_for(asking: Asking, count: int) -> None:
    """Wait until so many members are listed, and have said something."""
    until = time.monotonic() + PATIENCE
    while len([seen for seen in asking.members() if seen.applied]) < count:
        assert time.monotonic() < until, f'of {count} members not all are listed'
        time.sleep(0.5)


def measure(etcd: Etcds, real: int, simulated: int, proxies: int, changes: int, name: str) -> None:
    """Print what a change costs with so many members."""
    url = etcd.url(name)
    with contextlib.ExitStack() as ending:
        flags = '--backend', 'embedded', '--join', url, '--cluster-ttl', str(TTL)
        processes: list[Daemon] = [ending.enter_context(daemon(*flags, '--member', f'r{number}')) for number in range(real)]
        others = Simulating(url, simulated, proxies, 2)
        ending.callback(others.close)
        asking = Asking(find_cluster(url), timeout=30)
        ending.callback(asking.close)
        wait_for(asking, real + simulated)
        pids = [process.pid for process in etcd.processes if process is not None]
        took: list[float] = []
        whole: list[float] = []
        bytes_of: list[int] = []
        used: list[float] = []
        for number in range(changes):
            before, cpu, begun = traffic(etcd), processor(pids), time.monotonic()
            asked = asking.ask(asking.order(proxy='*', mix=f'{number % 50 + 1}:delay'), replace=True)
            took += [at - begun for at in others.reached(asked.revision)]
            outcome = asking.outcome(asked.id, asked.revision, Members(), PATIENCE)
            whole.append(time.monotonic() - begun)
            bytes_of.append(traffic(etcd) - before)
            used.append(processor(pids) - cpu)
            assert len(outcome.applied) == real + simulated, (outcome.silent[:5], outcome.refused)
            assert all(took)
        took.sort()
        print(f'{real:5} real {simulated:5} simulated {proxies:5} proxies: p50 {took[len(took) // 2]:.3f} s, '
              f'p99 {took[int(len(took) * 0.99)]:.3f} s, max {took[-1]:.3f} s; all have said so after '
              f'{statistics.median(whole):.2f} s; etcd {statistics.median(bytes_of) / 1e6:.3f} MB, '
              f'{statistics.median(used):.2f} s of its processors', flush=True)
        assert len(processes) == real


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--real', type=int, default=50)
    parser.add_argument('--simulated', type=int, default=1000)
    parser.add_argument('--changes', type=int, default=5)
    parser.add_argument('--proxies', default='1', help='numbers of proxies of each simulated member, with commas')
    args = parser.parse_args()
    print(f'vaurien {vaurien.__version__}, three members of etcd, all on this machine', flush=True)
    with etcd_servers() as etcd:
        for proxies in map(int, args.proxies.split(',')):
            measure(etcd, args.real, args.simulated, proxies, args.changes, f'measured-{proxies}')


if __name__ == '__main__':
    main()
