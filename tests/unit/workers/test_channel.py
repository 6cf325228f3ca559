"""Frames over a pair of sockets: more than it holds, and nothing once the other side is gone."""
import gevent
import pytest

from tests.support.played_workers import until
from vaurien.net import sockets
from vaurien.workers.channel import READ_BYTES, Channel
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
