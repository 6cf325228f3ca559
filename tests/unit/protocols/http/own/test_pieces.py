"""Bodies in pieces, and responses that are held."""
import pytest

from tests.support.framing import CLIENT, replay
from vaurien.conformance import FakeStream
from vaurien.protocols.http import HTTP
from vaurien.protocols.http.own import pieces
from vaurien.protocols.http.own.pieces import cut

from ..messages import GET


@pytest.mark.parametrize('size', [0, 1, 2, 9, 10, 11, 1000])
@pytest.mark.parametrize('count', [1, 3, 10])
def test_pieces_are_the_body_and_differ_by_one_byte_at_most(size: int, count: int) -> None:
    found = cut(bytes(range(256)) * 4, count) if size == 1000 else cut(bytes(size), count)
    assert b''.join(found) == (bytes(range(256)) * 4 if size == 1000 else bytes(size))
    assert len(found) == min(size, count)
    assert not found or max(map(len, found)) - min(map(len, found)) <= 1


def test_a_response_is_held_and_given_apart() -> None:
    protocol = replay(HTTP, [(CLIENT, GET)]).protocol
    protocol.dribble(True, 2, 1)
    backend, client = FakeStream(b'HTTP/1.1 200 OK\r\n\r\nabc'), FakeStream()
    protocol.dribble(False, 2, 1)
    assert protocol._handle(backend, client, False)
    backend.feed(b'de')
    assert protocol._handle(backend, client, False)
    assert client.written == b''
    assert protocol.collected(2) == [b'HTTP/1.1 200 OK\r\n\r\n', b'ab', b'cde']
    backend.feed(b'next')
    assert protocol._handle(backend, client, False)
    assert client.written == b'next'


def test_more_than_can_be_held_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, 'MAX_HELD_BYTES', 20)
    protocol = replay(HTTP, [(CLIENT, GET)]).protocol
    backend, client = FakeStream(b'HTTP/1.1 200 OK\r\n\r\nabc'), FakeStream()
    protocol.dribble(False, 2, 1)
    protocol._handle(backend, client, False)
    assert client.written == b'HTTP/1.1 200 OK\r\n\r\nabc'
    assert protocol.collected(2) == [b'']
