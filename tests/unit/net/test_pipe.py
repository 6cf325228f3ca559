"""Pipes that bytes are spliced through: they are used again when empty, and never with somebody else's bytes in them."""
import os
import socket

import pytest

from vaurien.net import pipe

pytestmark = pytest.mark.skipif(not pipe.available, reason='this system has no splice')


@pytest.fixture
def pairs():
    ends = [*socket.socketpair(), *socket.socketpair()]
    for sock in ends:
        sock.setblocking(False)
    yield ends
    for sock in ends:
        sock.close()


def test_bytes_go_from_socket_to_socket_through_it(pairs):
    left, source, dest, right = pairs
    tube = pipe.take()
    left.sendall(b'hello')
    assert tube.fill(source.fileno(), 4) == 4
    assert tube.empty(dest.fileno()) == 4
    assert (tube.count, right.recv(10)) == (0, b'hell')
    tube.give_back()


def test_it_says_when_nothing_is_there_and_when_it_is_the_end(pairs):
    left, source, *_ = pairs
    tube = pipe.take()
    with pytest.raises(BlockingIOError):
        tube.fill(source.fileno(), 4)
    left.close()
    assert tube.fill(source.fileno(), 4) == 0
    tube.give_back()


def test_empty_one_is_used_again_and_one_with_bytes_in_it_is_closed(pairs):
    left, source, *_ = pairs
    tube = pipe.take()
    tube.give_back()
    assert pipe.take() is tube
    left.sendall(b'left over')
    tube.fill(source.fileno(), 100)
    before = len(os.listdir('/proc/self/fd'))
    tube.give_back()
    assert len(os.listdir('/proc/self/fd')) == before - 2
    assert pipe.take() is not tube


def test_no_more_than_some_are_kept():
    tubes = [pipe.Pipe() for _ in range(pipe.SPARE + 5)]
    for tube in tubes:
        tube.give_back()
    assert len(pipe._spare) == pipe.SPARE
