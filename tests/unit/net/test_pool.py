"""Idle connections: the newest first, for their time, and only as long as the backend says nothing."""
import socket
from collections.abc import Iterator

import gevent
import pytest

from tests.support.unit_of_time import MS
from vaurien.net.pool import Pool


@pytest.fixture
def connections() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Pairs of the proxy's end and the backend's."""
    pairs = [socket.socketpair() for _ in range(4)]
    for ours, _ in pairs:
        ours.setblocking(False)
    yield pairs
    for pair in pairs:
        for sock in pair:
            sock.close()


def pool_of(connections, size: int = 10, timeout: float = 1000.0) -> Pool:
    pool = Pool(size, timeout)
    for ours, _ in connections:
        pool.put(ours)
    return pool


def test_newest_is_taken_first_and_an_empty_pool_has_none(connections):
    pool = pool_of(connections[:2])
    assert [pool.take(), pool.take(), pool.take()] == [connections[1][0], connections[0][0], None]


@pytest.mark.parametrize('spoil', [lambda backend: backend.close(), lambda backend: backend.sendall(b'timeout, bye'),
                                   lambda backend: backend.shutdown(socket.SHUT_WR)], ids=['closed', 'speaks', 'half-closed'])
def test_stale_ones_are_closed_and_not_used(connections, spoil):
    pool = pool_of(connections[:2])
    spoil(connections[1][1])
    assert pool.take() is connections[0][0]
    assert connections[1][0].fileno() == -1


def test_what_has_no_room_is_closed(connections):
    pool = pool_of(connections, size=3)
    assert [ours.fileno() >= 0 for ours, _ in connections] == [True, True, True, False]
    assert len(pool) == 3


@pytest.mark.parametrize('size, timeout', [(0, 10.0), (10, 0.0)])
def test_nothing_is_kept_where_that_is_asked_for(connections, size, timeout):
    assert len(pool_of(connections, size, timeout)) == 0
    assert all(ours.fileno() == -1 for ours, _ in connections)


def test_each_is_kept_for_its_time(connections):
    pool = pool_of(connections[:2], timeout=30 * MS)
    gevent.sleep(15 * MS)
    pool.put(connections[2][0])
    with gevent.Timeout(1000 * MS):
        while len(pool) == 3:
            gevent.sleep(1 * MS)
    assert connections[0][0].fileno() == -1
    with gevent.Timeout(1000 * MS):
        while len(pool):
            gevent.sleep(1 * MS)
    assert connections[2][0].fileno() == -1


def test_clear_closes_all_and_stops_the_clock(connections):
    pool = pool_of(connections)
    pool.clear()
    assert len(pool) == 0
    assert all(ours.fileno() == -1 for ours, _ in connections)
    assert pool._timer is None
