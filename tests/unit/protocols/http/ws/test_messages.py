"""What messages of WebSocket are called."""
import zlib

import pytest

from tests.support.websocket import BINARY, CONTINUATION, FIN, MASK, TEXT, frame
from vaurien.protocols.http.ws.frames import COMPRESSED, Frames
from vaurien.protocols.http.ws.messages import NAME_BYTES, begun


def named(data, masked=False, compresses=False, alone=False):
    """Return the exchange of the first message."""
    frames = Frames(masked, compresses, NAME_BYTES)
    unit = next(frames.cut(data))
    return begun(frames, unit, alone)


def deflated(text):
    """Compress a message by itself, as RFC 7692 has it."""
    made = zlib.compressobj(wbits=-15)
    return (made.compress(text) + made.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b'\0\0\xff\xff')


@pytest.mark.parametrize('data, masked, name', [
    (frame(TEXT, b'{"ask": 7}', MASK), True, 'send {"ask": 7}'), (frame(TEXT, b'tick'), False, 'receive tick'),
    (frame(BINARY, bytes(12)), False, 'receive 12 bytes'), (frame(BINARY, bytes(70_000), MASK), True, 'send 70000 bytes'),
    (frame(TEXT), False, 'receive '), (frame(TEXT, b'x' * 1000), False, 'receive ' + 'x' * 256),
    (frame(TEXT, b'first', first=0) + frame(CONTINUATION, b'second'), False, 'receive first'),
    (frame(TEXT, ('x' * 255 + 'ä').encode()), False, 'receive ' + 'x' * 255), (frame(TEXT, b'a\xff'), False, 'receive a\ufffd'),
])
def test_a_message_is_named_by_its_direction_and_its_first_bytes(data, masked, name):
    exchange = named(data, masked)
    assert exchange.name == name
    assert not exchange.expects


def test_a_compressed_message_is_read_where_it_stands_alone():
    text = b'{"tick": 1, "words": "%s"}' % (b'word ' * 500)
    data = frame(TEXT, deflated(text), first=FIN | COMPRESSED)
    assert named(data, compresses=True, alone=True).name == 'receive ' + text[:NAME_BYTES].decode()
    assert named(data, compresses=True).name == 'receive compressed'
    assert named(data, compresses=True).note.linked
    assert not named(data, compresses=True, alone=True).note.linked


def test_what_cannot_be_read_is_called_compressed():
    data = frame(TEXT, b'\xff\xff\xff', first=FIN | COMPRESSED)
    assert named(data, compresses=True, alone=True).name == 'receive compressed'
