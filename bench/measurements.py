"""What is measured: a table. Knows a relay by its port and process only, and not what it is."""
from functools import partial
from typing import NamedTuple

from . import punctual
from .kinds import Relay
from .loads import (
    CALL,
    DELAYS,
    GB,
    MB,
    MESSAGE,
    PIPELINE,
    QUESTIONS,
    Figures,
    Load,
    asking,
    beside,
    body,
    bulk,
    h2load,
    idle,
    lateness,
    requests,
    starting,
    wrk,
)
from .machine import meters


class Column(NamedTuple):
    """One figure of a measurement.

    Attributes:
        key: Its name among what the load returns; ``cpu`` is processor time of the relay for each of its ``count`` [s].
        title: What stands above it, with its unit.
        factor: What it is multiplied with to come into that unit.
        digits: Shown behind the point.
    """

    key: str
    title: str
    factor: float = 1
    digits: int = 0


class Measurement(NamedTuple):
    """One group of columns of the result.

    Attributes:
        name: What it is called there.
        backend: A name of ``BACKENDS``: what the relays stand in front of.
        load: Puts load on a relay; its second argument is 1, or less for a short run.
        columns: The figures.
        once: One round tells all, and it takes a fresh process.
        direct: Whether it means anything with nothing in between.
        tls: The backend and the clients speak TLS, and so do the relays, on both sides.
        beside: The rows that ratios are to; empty: those of all groups.
        named: Only those contenders take part that name it.
    """

    name: str
    backend: str
    load: Load
    columns: tuple[Column, ...]
    once: bool = False
    direct: bool = True
    tls: bool = False
    beside: tuple[str, ...] = ()
    named: bool = False


def measure(measurement: Measurement, relay: Relay, scale: float) -> Figures:
    """Run a load once and add the relay's processor time for each of what the load counts.

    ``own`` is how many a second it would relay if each of its processes had a core of its own, of which neither the load nor the
    backend had a part: all that were relayed, by the processor time of the process that has used most. So where the connections
    are not shared out evenly the busiest one decides.
    """
    before = meters.each_cpu_seconds(relay.pid) if relay.pid else {}
    figures = measurement.load(relay, scale)
    if relay.pid:
        spent = [seconds - before.get(pid, 0.0) for pid, seconds in meters.each_cpu_seconds(relay.pid).items()]
        figures['cpu'] = sum(spent) / figures['count']
        figures['own'] = figures['count'] / max(*spent, meters.TICK)
    return figures


#: the figures of small requests
REQUESTS = Column('rate', 'req/s'), Column('cpu', 'us/req', 1e6, 1)



def small(name: str, count: int, connections: int = 50, depth: int = 1) -> Measurement:
    """Make a measurement of small requests, by a question that is named like the first word of its name; see ``child.ask``."""
    one = QUESTIONS[name.split()[0]]
    return Measurement(name, one.backend, asking(one.text, one.end, connections, count, depth, one.login), REQUESTS)


MEASUREMENTS = (
    Measurement('50 connections', 'redis', requests(50, 60_000), (
        Column('rate', 'req/s'), Column('cpu', 'us/req', 1e6, 1), Column('p99', 'p99 ms', 1, 2))),
    Measurement('200 connections', 'redis', requests(200, 100_000), (
        Column('own', 'req/s of own time'), Column('rate', 'req/s'), Column('cpu', 'us/req', 1e6, 1)), named=True,
        beside=('vaurien alone', 'other alone')),
    Measurement('1 connection', 'redis', requests(1, 10_000), (
        Column('rate', 'req/s'), Column('cpu', 'us/req', 1e6, 1), Column('p50', 'p50 ms', 1, 3))),
    Measurement('bulk', 'source', bulk(GB), (
        Column('rate', 'MB/s', 1 / MB), Column('cpu', 's/GB', GB, 2))),
    small('redis x16', 400_000, depth=PIPELINE),
    small('memcache', 40_000),
    small('memcache x16', 400_000, depth=PIPELINE),
    Measurement('http', 'nginx', wrk(50, 2), REQUESTS),
    small('http x16', 200_000, depth=PIPELINE),
    small('mysql', 20_000, 16),
    small('postgres', 20_000, 16),
    small('smtp', 40_000),
    small('websocket', 40_000),
    Measurement('http body', 'nginx', body(), (
        Column('rate', 'MB/s', 1 / MB), Column('cpu', 's/GB', GB, 2))),
    Measurement('http2', 'nghttpd', h2load(40_000, '/'), (
        Column('rate', 'req/s'), Column('cpu', 'us/req', 1e6, 1)), beside=('haproxy h2', 'vaurien')),
    Measurement('grpc', 'nghttpd', h2load(20_000, CALL, '-H', 'content-type: application/grpc', '-H', 'te: trailers',
                                          content=MESSAGE), (
        Column('rate', 'calls/s'), Column('cpu', 'us/call', 1e6, 1)), beside=('nginx grpc_pass', 'haproxy h2')),
    Measurement('beside', 'redis', beside(25, 20_000), (
        Column('p99', 'p99 ms', 1, 2),)),
    Measurement('new connections', 'nginx', wrk(16, 2, '-H', 'Connection: close'), (
        Column('rate', 'conn/s'), Column('cpu', 'us/conn', 1e6))),
    Measurement('start', 'echo', starting, (
        Column('seconds', 'accepts ms', 1000, 0), Column('spent', 'cpu ms', 1000, 0)), direct=False),
    *(Measurement(name, 'redis', partial(lateness, connections, in_step), (
        Column('p50', 'late p50 ms', 1000, 2), Column('p99', 'late p99 ms', 1000, 2), Column('cpu', 'us/req', 1e6, 1)),
        named=True) for name, (connections, in_step) in DELAYS.items()),
    Measurement('bandwidth', 'source', punctual.pace, (
        Column('rate', 'KB/s', 1 / 1000, 3), Column('cpu', 's/GB', GB, 2)), named=True),
    Measurement('idle', 'echo', idle(2_000), (
        Column('weight', 'KB/session', 1 / 1024, 1),), once=True, direct=False),
    Measurement('tls requests', 'tls nginx', wrk(50, 2, scheme='https'), (
        Column('rate', 'req/s'), Column('cpu', 'us/req', 1e6, 1)), tls=True),
    Measurement('tls handshakes', 'tls nginx', wrk(16, 2, '-H', 'Connection: close', scheme='https'), (
        Column('rate', 'conn/s'), Column('cpu', 'us/conn', 1e6)), tls=True),
    Measurement('tls bulk', 'tls nginx', body(tls=True), (
        Column('rate', 'MB/s', 1 / MB), Column('cpu', 's/GB', GB, 2)), tls=True),
    Measurement('tls idle', 'tls echo', idle(1_000, tls=True), (
        Column('weight', 'KB/session', 1 / 1024, 1),), once=True, direct=False, tls=True),
)
