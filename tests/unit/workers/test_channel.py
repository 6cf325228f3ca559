"""Frames over a pair of sockets: more than it holds, and nothing once the other side is gone."""
import os

import gevent
import pytest

from tests.support.played_workers import until
from vaurien.net import sockets
from vaurien.workers.channel import MAX_DESCRIPTORS, READ_BYTES, Channel
from vaurien.workers.frames import Frame

MUCH = 'x' * 8 * READ_BYTES


@pytest.fixture
def sides():
    """What each side has heard, whether it has ended, and its channel."""
    socks, made = sockets.pair(), []
    for sock in socks:
        heard, ended = [], []
        made.append((heard, ended, Channel(sock, heard.append, lambda ended=ended: ended.append(1))))
    yield made
    for _, _, channel in made:
        channel.close()


def test_more_than_a_socket_holds_comes_whole(sides):
    (_, _, one), (heard, _, _) = sides
    one.post(Frame('much', 1, MUCH))
    one.post(Frame('after'))
    assert one.behind > len(MUCH)
    one.flush(60)
    until(lambda: len(heard) == 2)
    assert (one.behind, heard[0].data == MUCH, heard[1].kind) == (0, True, 'after')


def test_one_that_has_finished_still_hears_the_other(sides):
    (heard, _, one), (_, ended, other) = sides
    one.finish()
    until(lambda: ended)
    other.post(Frame('last'))
    until(lambda: heard)
    one.finish()    # once more: nothing


def test_nothing_waits_for_one_that_is_gone(sides):
    (_, ended, one), (_, _, other) = sides
    other.close()
    one.post(Frame('much', 1, MUCH))
    with gevent.Timeout(60):
        one.flush(3600)
        until(lambda: ended)
        one.post(Frame('more'))
        one.flush(3600)


def test_what_is_no_frame_is_the_end():
    ours, theirs = sockets.pair()
    ended = []
    channel = Channel(ours, lambda frame: None, lambda: ended.append(1))
    theirs.sendall(b'\xff' * 8)
    until(lambda: ended)
    channel.close()
    theirs.close()


def test_descriptors_are_there_with_their_frame_however_many(sides):
    (_, _, one), (heard, _, other) = sides
    read, write = os.pipe()
    count = MAX_DESCRIPTORS + 3
    one.post(Frame('first'), [write])
    one.post(Frame('many'), [read] * count)
    for number in (read, write):
        os.close(number)
    until(lambda: len(heard) == 2)
    assert len(other.received) == count + 1
    os.write(other.received[0], b'x')
    assert os.read(other.received[-1], 1) == b'x'


def test_descriptors_that_nobody_took_are_closed(sides):
    (_, _, one), (heard, _, other) = sides
    read, write = os.pipe()
    one.post(Frame('one'), [write])
    os.close(write)
    until(lambda: heard)
    other.close()
    one.post(Frame('never sent'), [read])
    one.close()
    assert os.read(read, 1) == b''      # nothing has the other end of it any more
    os.close(read)
