"""What a change costs, and what members at rest do: calls, bytes and processor time of etcd, as it counts them itself."""
import contextlib
import http.client
import os
import re
import statistics
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

from tests.support.etcd import HOST, Etcds
from vaurien.clusters.model import Members

from .crowd import WAIT, Crowd
from .table import Row

BYTES = re.compile(r'^etcd_network_client_grpc_(?:sent|received)_bytes_total (\S+)$', re.MULTILINE)
CALLS = re.compile(r'^grpc_server_handled_total\{grpc_code="OK".*\} (\S+)$', re.MULTILINE)


class Spent(NamedTuple):
    """What etcd has done so far, all its members together.

    Attributes:
        calls: Calls of clients.
        bytes: What it has received from clients and sent to them, as gRPC has it behind its JSON gateway.
        processor: Of its processes [s].
        members: Of the processes of real members [s].
    """

    calls: float
    bytes: float
    processor: float
    members: float


def spent(crowd: Crowd) -> Spent:
    """Return what has been spent so far."""
    pids = [process.pid for process in crowd.etcd.processes if process is not None]
    pages = [metrics(crowd.etcd, at) for at in range(len(crowd.etcd.ports))]
    return Spent(*(sum(float(value) for page in pages for value in pattern.findall(page)) for pattern in (CALLS, BYTES)),
                 processor(pids), processor([member.process.pid for member in crowd.real]))


def metrics(etcd: Etcds, at: int) -> str:
    """Return what a member of etcd has counted."""
    connection = http.client.HTTPConnection(HOST, etcd.ports[at], timeout=WAIT)
    with contextlib.closing(connection):
        connection.request('GET', '/metrics')
        return connection.getresponse().read().decode()


def processor(pids: Sequence[int]) -> float:
    """Return the processor time of processes [s]."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError), open(f'/proc/{pid}/stat') as file:
            total += sum(map(int, file.read().rpartition(')')[2].split()[11:13]))
    return total / os.sysconf('SC_CLK_TCK')


def change(crowd: Crowd, times: int) -> list[Row]:
    """Have all broken and mended so often: when it reaches each, when all have said so, and what it costs."""
    began, ended, whole, costs = list[float](), list[float](), list[float](), list[Spent]()
    with crowd.asking() as asking:
        for _ in range(times):
            before, since = spent(crowd), time.monotonic()
            asked = asking.ask(asking.order(proxy='shop*', mix='100:abort'))

            def said(since: float = since, name: str = asked.id, revision: int = asked.revision) -> None:
                found = asking.outcome(name, revision, Members(), WAIT)
                whole.append(time.monotonic() - since)
                assert len(found.applied) == crowd.count, (found.silent[:5], found.refused)
            waiting = threading.Thread(target=said)
            waiting.start()
            began += crowd.turned(True, since)
            waiting.join()
            after = spent(crowd)
            costs.append(Spent(*(late - early for early, late in zip(before, after, strict=True))))
            since = time.monotonic()
            asking.end([asked.id])
            ended += crowd.turned(False, since)
    assert len(whole) == times
    bytes_of, used = (statistics.median(values) for values in zip(*((one.bytes, one.processor) for one in costs), strict=True))
    note = f'all have said so after {statistics.median(whole):.2f} s; etcd {bytes_of / 1e6:.3f} MB, {used:.2f} s of processors'
    row = crowd.row('a fault is asked for: it is in force', began, note=note)
    return [row, row._replace(what='it is ended: it is over', took=ended, note='')]


def rest(crowd: Crowd, seconds: float) -> list[Row]:
    """Let members be at rest, for their TTL at least, and say what that costs."""
    assert crowd.relaying is not None
    crowd.relaying.resting.set()
    carried = sum(cable.passed for cable in crowd.cables)
    before, since = spent(crowd), time.monotonic()
    time.sleep(max(seconds, crowd.ttl))
    after, took = spent(crowd), time.monotonic() - since
    crowd.relaying.resting.clear()
    done = [(late - early) / took for early, late in zip(before, after, strict=True)]
    each = done[2] / crowd.count
    carried = sum(cable.passed for cable in crowd.cables) - carried
    wire = f', {carried / took / len(crowd.cabled):.0f} bytes/s on the wire of one' if crowd.cables else ''
    own = f'; a real member {done[3] / len(crowd.real) * 1e3:.2f} ms/s' if crowd.real else ''
    note = (f'{crowd.count} members: etcd {done[0]:.0f} calls/s, {done[1] / 1e3:.1f} KB/s, {done[2]:.3f} s/s of its processors, '
            f'{each * 1e6:.0f} us/s a member{wire}{own}')
    return [crowd.row(f'at rest, TTL {crowd.ttl} s', note=note)]
