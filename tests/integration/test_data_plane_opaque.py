"""Where one direction of a session cannot be followed any more: nothing is lost, and nothing gets the place of another."""
import threading

import gevent
import pytest

from tests.integration.test_data_plane_messages import budget, error, lines_spec  # noqa: F401 - a fixture
from tests.support.hosting import hosted, registered, spec_for
from tests.support.peers import Backend, connect, ending, read_exactly, read_to_end
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy
from vaurien.spec import BehaviorSpec


class AsNamed(Dummy):
    """Holds requests that are called ``late`` back until responses cannot be followed any more; those called ``bad`` fail."""

    name = 'as-named'
    reports = True

    def on_before_handle(self, protocol, source, dest, to_backend):
        if not to_backend:
            return True
        name = protocol.exchange(True).name
        while 'late' in name and not protocol.response_cutter.opaque_because:
            gevent.sleep(MS)
        return protocol.fail(source, dest, 'no') if 'bad' in name else True


def puzzling(sock):
    """Answer each line in capitals, and ``ask`` with one that nobody understands."""
    with sock.makefile('rwb') as file:
        for line in file:
            file.write(b'?\n' if line == b'ask\n' else line.upper())
            file.flush()


def puzzling_late(sock):
    """The same, but that the puzzle comes when the last line, ``more``, has come: what was asked before it has been looked at."""
    with sock.makefile('rwb') as file:
        for line in file:
            if line == b'ask\n':
                while file.readline() not in {b'more\n', b''}:
                    pass
                line = b'?\n'
            file.write(line.upper())
            file.flush()


@pytest.fixture
def port():
    """Where vaurien listens in front of a backend that answers ``ask`` with a puzzle."""
    with registered(Behavior, AsNamed), Backend(puzzling) as backend, \
            hosted(lines_spec(backend, BehaviorSpec(name='as-named'))) as host:
        yield host.port


def test_requests_that_were_read_together_with_a_late_one_pass_when_responses_go_opaque_meanwhile(port):
    with connect(port) as client:
        client.sendall(b'ask\nlate\nbad\ntwo\nbad\nin pie')
        expected = b'?\nLATE\nBAD\nTWO\nBAD\n'
        assert read_exactly(client, len(expected)) == expected
        client.sendall(b'ces\nbad\n')
        assert read_exactly(client, 14) == b'IN PIECES\nBAD\n'


def test_a_failure_that_comes_when_responses_are_opaque_resets_the_session(port):
    with connect(port) as client:
        client.sendall(b'ask\nlate bad\n')
        assert read_exactly(client, 2) == b'?\n'
        assert ending(client) == 'RST'


@pytest.mark.parametrize('kind', ['no', 'instead', 'passed'])
def test_a_failure_whose_place_is_lost_resets_the_session(kind):
    """The response that is vaurien's own would come before one to an earlier request, and one that is dropped would be seen."""
    spec = error(kind, 'bad')
    with Backend(puzzling_late) as backend, hosted(lines_spec(backend, spec)) as host, connect(host.port) as client:
        client.sendall(b'good\nask\nbad\nmore\n')
        assert read_exactly(client, 5) == b'GOOD\n'
        with pytest.raises(ConnectionResetError):
            assert read_to_end(client) == b''
        host.wait_idle()
        assert not host.proxy.stats.handler_errors


# -- the rest of a request that failed may be neither dropped nor relayed: where it ends cannot be told

class Reader:
    """A backend that sends a puzzle once it is told to, and keeps all that it reads.

    Attributes:
        seen: What it has read.
        left: Its client is gone.
    """

    def __init__(self):
        self.seen = bytearray()
        self.puzzle, self.left = threading.Event(), threading.Event()

    def __call__(self, sock):
        self.puzzle.wait()
        try:
            sock.sendall(b'what?\r\n\r\n')
            while data := sock.recv(1000):
                self.seen += data
        finally:
            self.left.set()


@pytest.fixture
def reader():
    reader = Reader()
    with Backend(reader) as backend, \
            hosted(spec_for(backend, '100:error', protocol='http', settings={'error': {'kind': '503'}})) as host:
        yield reader, host.port
        reader.puzzle.set()
        assert reader.left.wait(PATIENCE)
    assert reader.seen == b''


def test_the_rest_of_a_request_that_failed_never_reaches_the_backend_when_responses_go_opaque(reader):
    backend, port = reader
    with connect(port) as client:
        client.sendall(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nGET /')
        assert read_exactly(client, 12) == b'HTTP/1.1 503'
        backend.puzzle.set()
        assert ending(client) == 'RST'


def test_the_rest_of_a_request_that_failed_never_reaches_the_backend_when_it_cannot_be_followed(reader):
    _, port = reader
    with connect(port) as client:
        client.sendall(b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n')
        assert read_exactly(client, 12) == b'HTTP/1.1 503'
        client.sendall(b'12345\r\nno size\r\nGET /smuggled HTTP/1.1\r\n\r\n')
        assert ending(client) == 'RST'


# -- what a backend has begun to say when its client is followed no more

@pytest.mark.parametrize('greeting, said, answer', [
    (b'220 here\r\n', b'NOOP\r\n\0', b'250 done\r\n25'),
    (b'220 here\r\n25', b'\0', b''),
], ids=['after the last response', 'before any request'])
def test_what_belongs_to_no_response_is_not_held_back(greeting, said, answer):
    def serve(sock):
        sock.sendall(greeting)
        read_exactly(sock, len(said))
        sock.sendall(answer)
        read_to_end(sock)
    with Backend(serve) as backend, hosted(spec_for(backend, protocol='smtp')) as host, connect(host.port) as client:
        assert read_exactly(client, 10) == b'220 here\r\n'
        client.sendall(said)
        expected = (greeting + answer)[10:]
        assert read_exactly(client, len(expected)) == expected
