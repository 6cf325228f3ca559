"""What workers are forked from, without a fork: a process's number is what the test says."""
import os
import signal
import socket
import threading

import pytest

from tests.support.unit_of_time import PATIENCE
from vaurien.net import sockets
from vaurien.workers import nursery as nurseries
from vaurien.workers.nursery import NUMBER_BYTES, Nursery, leave, serve

PID = 4711


@pytest.fixture
def forks(monkeypatch):
    """What ``fork`` comes to, one after the other."""
    found = []

    def fork():
        result = found.pop(0)
        if isinstance(result, Exception):
            raise result
        return result
    monkeypatch.setattr(os, 'fork', fork)
    return found


@pytest.fixture
def handled(monkeypatch):
    found = {}
    monkeypatch.setattr(signal, 'signal', found.__setitem__)
    return found


@pytest.fixture
def serving(forks, handled):
    """Our side of what forks on demand, and the thread that it is in."""
    ours, theirs = sockets.pair()
    ours.settimeout(PATIENCE)
    thread = threading.Thread(target=serve, args=(theirs, lambda number, sock: None))
    thread.start()
    yield ours
    ours.close()
    thread.join(PATIENCE)
    theirs.close()
    assert not thread.is_alive()


def asked(sock, number):
    """Ask for a worker, and return the number of its process."""
    ours, theirs = sockets.pair()
    with ours, theirs:
        socket.send_fds(sock, [number.to_bytes(NUMBER_BYTES)], [theirs.fileno()])
        return int.from_bytes(sock.recv(NUMBER_BYTES))


def test_each_that_is_asked_for_is_forked_and_one_that_cannot_be_is_none(serving, forks, handled):
    forks += [PID, OSError('no room'), PID + 1]
    assert [asked(serving, number) for number in (1, 2, 3)] == [PID, 0, PID + 1]
    assert {handled[number] for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)} == {signal.SIG_IGN}


def test_the_process_that_asks_gets_its_side_of_a_pair(forks, monkeypatch):
    real, others, waited = sockets.pair, [], []

    def pair():
        ours, theirs = real()
        others.append(theirs.dup())
        return ours, theirs
    monkeypatch.setattr(sockets, 'pair', pair)
    monkeypatch.setattr(os, 'waitpid', lambda *given: waited.append(given))
    forks.append(PID)
    nursery = Nursery(lambda number, sock: None)
    others[0].sendall(b''.join(number.to_bytes(NUMBER_BYTES) for number in (PID + 1, 0)))
    pid, ours = nursery.fork(1)
    with ours:
        ours.sendall(b'told')
        assert (pid, others[1].recv(4)) == (PID + 1, b'told')
    with pytest.raises(OSError, match='no process can be made'):
        nursery.fork(2)
    nursery.close()
    assert waited == [(PID, 0)]
    for sock in others:
        sock.close()


class LeftError(Exception):
    """The process has ended."""


def test_a_worker_ends_without_what_its_parent_has_left_to_do(monkeypatch):
    left = []

    def leaving(status):
        left.append(status)
        raise LeftError
    monkeypatch.setattr(nurseries.os, '_exit', leaving)
    for call in (lambda: None, lambda: 1 / 0):
        with pytest.raises(LeftError):
            leave(call)
    assert left == [0, 1]
