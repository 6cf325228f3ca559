"""Streams on socket pairs: the same verbs in the event loop, where nothing waits, and in a greenlet, where all do."""
import errno
import socket
from collections.abc import Iterator

import gevent
import pytest
from gevent import get_hub
from gevent.event import AsyncResult

from tests.support.unit_of_time import MS, PATIENCE
from vaurien.net import pipe
from vaurien.net.stream import READ, Stream

BULK = bytes(range(256)) * 16384        # 4 MiB: more than a pair of sockets takes


@pytest.fixture
def pair() -> Iterator[tuple[Stream, socket.socket]]:
    """A stream, and the plain socket at its other end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(PATIENCE)
    stream = Stream(ours)
    yield stream, theirs
    stream.close()
    theirs.close()


@pytest.fixture
def way() -> Iterator[tuple[socket.socket, Stream, Stream, socket.socket]]:
    """Two pairs: what a peer sends arrives at the source; what the dest is given arrives at the other peer. On TCP."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        ends = []
        for _ in range(2):
            ends += [socket.create_connection(server.getsockname()), server.accept()[0]]
    left, source, right, dest = ends
    for sock in (source, dest):
        sock.setblocking(False)
    streams = Stream(source), Stream(dest)
    yield (left, *streams, right)
    for thing in (left, *streams, right):
        thing.close()


def in_the_loop(call):
    """Call in the event loop's callback, and return or raise what it does."""
    result = AsyncResult()

    def run():
        try:
            result.set(call())
        except Exception as error:  # noqa: BLE001 - raised again in the test
            result.set_exception(error)
    get_hub().loop.run_callback(run)
    return result.get(timeout=PATIENCE)


def read_all(sock: socket.socket, count: int) -> bytes:
    """Read so many bytes from a plain socket without holding up the event loop."""
    sock.setblocking(False)
    data = bytearray()
    with gevent.Timeout(PATIENCE):
        while len(data) < count:
            try:
                data += sock.recv(READ)
            except BlockingIOError:
                gevent.sleep(1 * MS)
    return bytes(data)


def test_recv_in_the_loop_raises_when_nothing_is_there_and_returns_what_is(pair):
    stream, peer = pair
    with pytest.raises(BlockingIOError):
        in_the_loop(stream.recv)
    peer.sendall(b'hello')
    assert in_the_loop(lambda: stream.recv(2)) == b'he'
    assert in_the_loop(stream.recv) == b'llo'
    assert stream.received == 5


def test_recv_in_a_greenlet_waits_for_bytes_and_for_the_end(pair):
    stream, peer = pair
    reader = gevent.spawn(lambda: (stream.recv(), stream.recv()))
    gevent.sleep(2 * MS)
    peer.sendall(b'late')
    gevent.sleep(2 * MS)
    peer.shutdown(socket.SHUT_WR)
    assert reader.get(timeout=PATIENCE) == (b'late', b'')


def test_recv_that_waits_is_told_when_the_stream_is_closed(pair):
    stream, _ = pair
    reader = gevent.spawn(stream.recv)
    gevent.sleep(2 * MS)
    stream.close()
    with pytest.raises(ConnectionAbortedError):
        reader.get(timeout=PATIENCE)


def test_bytes_given_back_come_first(pair):
    stream, peer = pair
    peer.sendall(b'world')
    stream.unread(b'lo ')
    stream.unread(b'hel')
    assert stream.pending
    assert [stream.recv(4), stream.recv(), stream.recv()] == [b'hell', b'o ', b'world']
    assert not stream.pending


def test_lent_bytes_are_one_message_and_nothing_behind_it(pair):
    stream, peer = pair
    peer.sendall(b'next')
    stream.lend(b'message')
    assert [stream.recv(4), stream.recv(), stream.recv()] == [b'mess', b'age', b'']
    stream.take_back()
    assert stream.recv() == b'next'


def test_at_end_tells_without_reading(pair):
    stream, peer = pair
    with pytest.raises(BlockingIOError):
        stream.at_end()
    peer.sendall(b'x')
    assert not stream.at_end()
    assert stream.recv() == b'x'
    peer.close()
    assert stream.at_end()
    assert stream.recv() == b''


def test_sendall_in_the_loop_keeps_what_the_socket_does_not_take_and_writes_it_later_in_order(pair):
    stream, peer = pair
    in_the_loop(lambda: (stream.sendall(BULK), stream.sendall(b'second'), stream.sendall(b'third')))
    assert stream.full
    drained = AsyncResult()
    stream.when_drained(lambda: drained.set(True))
    assert read_all(peer, len(BULK) + 11) == BULK + b'secondthird'
    assert drained.get(timeout=PATIENCE)
    assert (stream.full, stream.sent) == (False, len(BULK) + 11)


def test_what_a_short_write_leaves_over_is_a_copy(pair):
    stream, peer = pair
    buffer = bytearray(BULK)
    in_the_loop(lambda: stream.sendall(memoryview(buffer)))
    buffer[:] = bytes(len(buffer))
    assert read_all(peer, len(BULK)) == BULK


def test_sendall_in_a_greenlet_waits_until_all_is_written(pair):
    stream, peer = pair
    writer = gevent.spawn(stream.sendall, BULK)
    gevent.sleep(2 * MS)
    assert not writer.ready()
    assert read_all(peer, len(BULK)) == BULK
    writer.get(timeout=PATIENCE)
    assert not stream.full


def test_end_is_sent_behind_what_is_still_to_be_written(pair):
    stream, peer = pair
    in_the_loop(lambda: (stream.sendall(BULK), stream.finish()))
    assert read_all(peer, len(BULK)) == BULK
    peer.setblocking(True)
    assert gevent.get_hub().threadpool.apply(peer.recv, (1,)) == b''


def test_peer_that_takes_nothing_loses_the_stream_after_the_timeout_and_nothing_follows_what_was_lost(pair):
    stream, peer = pair
    stream.timeout = 20 * MS
    in_the_loop(lambda: stream.sendall(BULK))
    drained = AsyncResult()
    stream.when_drained(lambda: drained.set(True))
    drained.get(timeout=PATIENCE)
    assert stream.broken
    with pytest.raises(TimeoutError, match='took nothing'):
        stream.check()
    peer.setblocking(False)
    while len(peer.recv(READ)) == READ:
        pass
    with pytest.raises(TimeoutError):
        in_the_loop(lambda: stream.sendall(b'after the gap'))


def test_the_timeout_counts_waiting_only_and_begins_anew_each_time(pair):
    """A timer that goes on where it was stopped would end a stream that has waited often, and never for long."""
    stream, peer = pair
    stream.timeout = 60 * MS
    for _ in range(6):
        in_the_loop(lambda: stream.sendall(BULK))
        gevent.sleep(20 * MS)
        assert read_all(peer, len(BULK)) == BULK
        gevent.sleep(1 * MS)
        assert not stream.broken


def test_waiting_writer_is_told_when_the_stream_is_closed(pair):
    stream, _ = pair
    writer = gevent.spawn(stream.sendall, BULK)
    gevent.sleep(2 * MS)
    stream.close()
    with pytest.raises(ConnectionAbortedError):
        writer.get(timeout=PATIENCE)


@pytest.mark.parametrize('splices', [True, False], ids=['splice', 'copy'])
def test_forward_moves_everything_in_order_and_ends_with_0(way, splices):
    left, source, dest, right = way
    source._splices = splices and pipe.available
    got = gevent.spawn(read_all, right, 3 * len(BULK))

    def send():
        for _ in range(3):
            sender.sendall(BULK)
        sender.finish()
    left.setblocking(False)
    sender = Stream(left)
    writer = gevent.spawn(send)
    moved = 0
    while count := source.forward(dest):
        moved += count
    assert moved == 3 * len(BULK) == source.received == dest.sent
    assert got.get(timeout=PATIENCE) == BULK * 3
    writer.get(timeout=PATIENCE)
    sender.close()


def test_forward_takes_no_more_than_it_is_told(way):
    left, source, dest, right = way
    left.sendall(b'abcdef')
    gevent.sleep(1 * MS)
    assert [source.forward(dest, 2), source.forward(dest, 3)] == [2, 3]
    assert read_all(right, 5) == b'abcde'
    assert source.recv() == b'f'


def test_bytes_in_the_pipe_leave_before_what_is_written_afterwards(way):
    left, source, dest, right = way
    dest.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    source._full_reads = 100    # as after bulk
    left.sendall(BULK[:500_000])
    gevent.sleep(2 * MS)
    moved = in_the_loop(lambda: source.forward(dest))
    assert moved > 0
    in_the_loop(lambda: (dest.sendall(b'behind'), dest.finish()))
    assert read_all(right, moved + 6) == BULK[:moved] + b'behind'


def test_forward_copies_where_descriptors_for_a_pipe_have_run_out(way, monkeypatch):
    left, source, dest, right = way

    def none():
        raise OSError(errno.EMFILE, 'no more')
    monkeypatch.setattr(pipe, 'take', none)
    source._full_reads = 100
    left.sendall(b'anyway')
    gevent.sleep(1 * MS)
    assert in_the_loop(lambda: source.forward(dest)) == 6
    assert read_all(right, 6) == b'anyway'


def test_reset_is_seen_as_reset_and_a_write_remembers_it(way):
    left, source, _, _ = way
    peer = Stream(left.dup())
    left.close()
    peer.reset()
    gevent.sleep(1 * MS)
    with pytest.raises(ConnectionResetError):
        source.sendall(b'x')
    assert source.was_reset
    assert source.recv() == b''     # the system has told it once: that is why the stream remembers


def test_everything_raises_or_is_harmless_once_closed(pair):
    stream, _ = pair
    stream.close()
    stream.close()
    stream.reset()
    assert stream.closed
    assert stream.fileno() == -1
    for call in (stream.recv, lambda: stream.sendall(b'x'), stream.at_end):
        with pytest.raises(OSError, match='.'):
            call()


def test_closed_flag_of_1x_handlers_is_harmless(pair):
    stream, peer = pair
    stream.close()
    stream._closed = True
    assert peer.recv(1) == b''


def test_detached_socket_lives_on(pair):
    stream, peer = pair
    sock = stream.detach()
    assert stream.closed
    sock.sendall(b'still here')
    assert peer.recv(100) == b'still here'
    sock.close()
