"""Frames of WebSocket are found in every slicing, and what is none is told where it begins."""
import pytest

from tests.support.websocket import BINARY, CLOSE, CONTINUATION, FIN, MASK, PING, PONG, TEXT, frame
from vaurien.errors import ProtocolError
from vaurien.protocols.http.ws.frames import COMPRESSED, REST, Frames, close, head, unmasked
from vaurien.protocols.http.ws.frames import frame as written


def cut(data, size, peek=0, masked=False, compresses=False):
    """Cut bytes that come in pieces of a size; return the opcodes in order, the messages that ended, and what was covered."""
    frames, opcodes, ended, covered = Frames(masked, compresses, peek), [], 0, b''
    for at in range(0, len(data), size):
        for opcode, start, body, end, done in frames.cut(data[at:at + size]):
            assert start <= body <= end or opcode == REST
            covered += frames.data[start:end]
            ended += done
            if opcode != REST:
                opcodes.append(opcode)
    return opcodes, ended, covered + frames.held()


def fed(frames, data, size):
    """Feed bytes in pieces of a size."""
    for at in range(0, len(data), size):
        list(frames.cut(data[at:at + size]))


TALK = [
    frame(TEXT, b'hello'), frame(TEXT, b'', first=0), frame(PING, b'in between'), frame(CONTINUATION, b'a' * 126, first=0),
    frame(CONTINUATION, b'b'), frame(BINARY, bytes(70_000)), frame(PONG), frame(TEXT), frame(CLOSE, b'\x03\xe8bye'),
]


@pytest.mark.parametrize('size', [1, 2, 3, 7, 125, 127, 4096, 1 << 20])
@pytest.mark.parametrize('peek', [0, 256])
def test_all_is_found_in_every_slicing(size, peek):
    data = b''.join(TALK)
    opcodes, ended, covered = cut(data, size, peek)
    assert opcodes == [TEXT, TEXT, PING, CONTINUATION, CONTINUATION, BINARY, PONG, TEXT, CLOSE]
    assert ended == 4
    assert covered == data


@pytest.mark.parametrize('size', [1, 5, 1000])
def test_frames_of_a_client_are_masked(size):
    data = frame(TEXT, b'hello', MASK) + frame(BINARY, bytes(300), MASK)
    assert cut(data, size, masked=True) == ([TEXT, BINARY], 2, data)


def test_a_message_is_reported_when_enough_of_it_has_come_to_name_it():
    frames = Frames(False, peek=4)
    data = frame(TEXT, b'hello, all')
    assert list(frames.cut(data[:5])) == []
    assert list(frames.cut(data[5:6])) == [(TEXT, 0, 2, 6, False)]
    assert list(frames.cut(data[6:])) == [(REST, 0, 0, 6, True)]


def test_no_more_is_held_of_data_than_its_head():
    frames = Frames(False)
    assert [unit[0] for unit in frames.cut(head(BINARY, 1 << 40))] == [BINARY]
    for _ in range(3):
        assert [unit[0] for unit in frames.cut(bytes(100_000))] == [REST]
        assert frames.held() == b''
    assert frames.rest == (1 << 40) - 300_000
    assert not frames.between()


@pytest.mark.parametrize('data, why', [
    (frame(TEXT, b'x', first=FIN | 0x10), 'a reserved bit'), (frame(TEXT, b'x', first=FIN | 0x20), 'a reserved bit'),
    (frame(TEXT, b'x', first=FIN | COMPRESSED), 'a reserved bit'), (frame(3), 'of a kind that there is not'),
    (frame(7), 'of a kind that there is not'), (frame(11), 'of a kind that there is not'),
    (frame(PING, b'x', first=0), 'in pieces'), (frame(PING, bytes(126)), 'too long'), (frame(CLOSE, bytes(200)), 'too long'),
    (frame(CONTINUATION, b'x'), 'does not belong'), (frame(TEXT, b'x', first=0) + frame(TEXT, b'y'), 'does not belong'),
    (frame(TEXT, b'x', MASK), 'is masked'), (b'\x82\x7f\xff' + bytes(7), 'of a length that there is not'),
    (frame(TEXT, b'x', first=0) + frame(CONTINUATION, b'y', first=FIN | COMPRESSED), 'a reserved bit'),
])
def test_what_is_no_frame_is_told_and_what_is_left_is_held(data, why):
    for size in (1, len(data)):
        frames = Frames(False)
        with pytest.raises(ProtocolError, match=why):
            fed(frames, data, size)
        held = frames.held()
        assert held
        assert held in data


def test_a_compressed_message_is_told_where_that_was_agreed_on():
    frames = Frames(False, compresses=True)
    assert [unit[0] for unit in frames.cut(frame(TEXT, b'x', first=FIN | COMPRESSED))] == [TEXT]
    assert frames.compressed
    with pytest.raises(ProtocolError, match='reserved'):
        list(frames.cut(frame(PING, b'x', first=FIN | COMPRESSED)))


@pytest.mark.parametrize('skip', [0, 1, 2, 3, 4, 7])
def test_a_mask_is_put_on_and_taken_off(skip):
    data = bytes(range(50))
    assert unmasked(data, MASK, skip) == bytes(byte ^ MASK[(at + skip) % 4] for at, byte in enumerate(data))
    assert unmasked(unmasked(data, MASK, skip), MASK, skip) == data


@pytest.mark.parametrize('size', [0, 1, 125, 126, 65535, 65536])
@pytest.mark.parametrize('mask', [b'', MASK])
def test_frames_are_written_as_they_are_read(size, mask):
    assert written(BINARY, bytes(size), mask) == frame(BINARY, bytes(size), mask)


def test_a_close_frame_has_a_code_and_words_that_fit_in_it():
    assert close(1012, b'soon') == frame(CLOSE, b'\x03\xf4soon')
    assert len(close(1012, bytes(500))) == 2 + 125
