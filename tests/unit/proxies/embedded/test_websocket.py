"""The WebSocket of the embedded backend, as a library and as raw bytes meet it."""
import io

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.unit_of_time import PATIENCE
from vaurien.proxies.embedded.websocket import MAX_MESSAGE_BYTES, EndedError, answer, frame, unmasked

MASK = b'\1\2\3\4'


def masked(first: int, payload: bytes, length: bytes = b'') -> bytes:
    return bytes((first,)) + (length or bytes((0x80 | len(payload),))) + MASK + unmasked(payload, MASK)


def answered(data: bytes) -> bytes:
    sent: list[bytes] = []
    answer(io.BytesIO(data), sent.append)
    return b''.join(sent)


@pytest.fixture
def client(backend):
    with connect(f'ws://{backend.address[0]}:{backend.address[1]}/ws', open_timeout=PATIENCE, proxy=None,
                 max_size=None) as found:
        yield found


@pytest.mark.parametrize('message', ['', 'hello', 'caf\u00e9' * 100, b'', b'\0' * 126, b'x' * 70_000], ids=[
    'no text', 'text', 'longer text', 'no bytes', 'bytes with a length of two', 'bytes with a length of eight'])
def test_a_message_comes_back(client, message):
    client.send(message)
    assert client.recv(PATIENCE) == message


def test_a_message_in_fragments_comes_back_whole(client):
    client.send(['a', 'b', 'c'])
    assert client.recv(PATIENCE) == 'abc'


def test_pings_are_answered_and_the_end_is_agreed_on(client):
    assert client.ping(b'there?').wait(PATIENCE)
    client.close(1000, 'enough')
    assert (client.close_code, client.close_reason) == (1000, 'enough')


def test_a_message_that_is_too_large_ends_the_connection(client):
    client.send(b'x' * (MAX_MESSAGE_BYTES + 1))
    with pytest.raises(ConnectionClosed, match='1009'):
        client.recv(PATIENCE)


def test_a_ping_between_fragments_is_answered_at_once():
    data = masked(0x01, b'a') + masked(0x89, b'p') + masked(0x80, b'b')
    assert answered(data) == frame(10, b'p') + frame(1, b'ab')


@pytest.mark.parametrize('data, code', [
    (b'', 0), (b'\x81', 0), (masked(0x81, b'abc')[:-1], 0), (b'\x81\x03abc', 1002), (masked(0xc1, b'a'), 1002),
    (masked(0x83, b'a'), 1002),
    (masked(0x80, b'a'), 1002), (masked(0x01, b'a') + masked(0x01, b'b'), 1002), (masked(0x09, b'a'), 1002),
    (masked(0x89, b'', b'\xfe\0\x7e'), 1002), (masked(0x82, b'', b'\xff' + (MAX_MESSAGE_BYTES + 1).to_bytes(8)), 1009),
    (masked(0x88, b'\x03\xe8'), 0),
], ids=['nothing', 'half a head', 'half a payload', 'no mask', 'reserved bit', 'unknown code', 'nothing to go on with',
        'begun twice', 'a ping in fragments', 'a long ping', 'too long', 'close'])
def test_what_cannot_be_answered_ends_it(data, code):
    with pytest.raises(EndedError) as caught:
        answered(data)
    assert caught.value.code == code


def test_without_an_upgrade_the_path_says_what_it_is_for(connection):
    connection.request('GET', '/ws')
    response = connection.getresponse()
    assert (response.status, b'ws://' in response.read()) == (426, True)
