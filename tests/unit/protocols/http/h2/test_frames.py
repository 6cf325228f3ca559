"""Frames in every slicing, and what is not followed."""
from random import Random

import pytest

from vaurien.errors import ProtocolError
from vaurien.protocols.http.h2 import frames
from vaurien.protocols.http.h2.frames import Frames

BLOCK = bytes(range(100))
CONVERSATION = (
    frames.settings((frames.HEADER_TABLE_SIZE, 0), (frames.INITIAL_WINDOW_SIZE, 9)),
    frames.frame(frames.HEADERS, 0, 1, BLOCK[:10]) + frames.frame(frames.CONTINUATION, 0, 1, b'')
    + frames.frame(frames.CONTINUATION, frames.END_HEADERS, 1, BLOCK[10:]),
    frames.frame(frames.DATA, frames.END_STREAM, 1, b'x' * 300), frames.frame(frames.DATA, 0, 3, b''), frames.credit(0, 5),
    frames.headers(5, BLOCK, frames.END_STREAM), frames.goaway(1, 11, b'too_many_pings'), frames.frame(0xAB, 0, 0, b'?'),
    frames.headers(7, BLOCK * 400, kind=frames.PUSH_PROMISE, lead=b'\0\0\0\2'),
)
KINDS = [frames.SETTINGS, frames.HEADERS, frames.DATA, frames.DATA, frames.WINDOW_UPDATE, frames.HEADERS, frames.GOAWAY, 0xAB,
         frames.PUSH_PROMISE]


def cut(pieces: list[bytes]) -> list[tuple[int, int, int, bytes]]:
    """Return all units of what comes in pieces."""
    cutter, found = Frames(), []
    for piece in pieces:
        for kind, flags, stream, at, end in cutter.cut(piece):
            found.append((kind, flags, stream, cutter.data[at:end]))
    assert cutter.held() == b''
    return found


def test_units_are_the_same_in_every_slicing() -> None:
    data = b''.join(CONVERSATION)
    whole = cut([data])
    assert [kind for kind, *_ in whole] == KINDS
    assert tuple(bytes_ for *_, bytes_ in whole) == CONVERSATION
    assert cut([data[at:at + 1] for at in range(len(data))]) == whole
    random = Random(1)
    for _ in range(50):
        places = sorted(random.sample(range(len(data)), 20))
        assert cut([data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]) == whole


def test_block_of_several_frames_is_put_together() -> None:
    for unit in (CONVERSATION[1], CONVERSATION[5]):
        assert frames.block(unit, 0, len(unit)) == (b'', BLOCK)
    assert frames.block(CONVERSATION[8], 0, len(CONVERSATION[8]), 4) == (b'\0\0\0\2', BLOCK * 400)


def test_padding_and_priority_are_no_part_of_a_block() -> None:
    payload = b'\3' + b'\0\0\0\1\x07' + BLOCK + bytes(3)
    unit = frames.frame(frames.HEADERS, frames.END_HEADERS | frames.PADDED | frames.WITH_PRIORITY, 1, payload)
    assert frames.block(unit, 0, len(unit)) == (b'\0\0\0\1\x07', BLOCK)
    data = frames.frame(frames.DATA, frames.PADDED, 1, b'\2abc\0\0')
    assert data[slice(*frames.content(data, 0, len(data), frames.PADDED))] == b'abc'


@pytest.mark.parametrize('unit', [
    frames.frame(frames.HEADERS, frames.END_HEADERS | frames.PADDED, 1, b'\x09abc'),
    frames.frame(frames.HEADERS, frames.END_HEADERS | frames.PADDED, 1, b''),
    frames.frame(frames.HEADERS, frames.END_HEADERS | frames.WITH_PRIORITY, 1, b'abc'),
], ids=['too much padding', 'no length of the padding', 'no priority'])
def test_frame_of_headers_that_is_too_short(unit: bytes) -> None:
    with pytest.raises(ProtocolError):
        frames.block(unit, 0, len(unit))


START = frames.frame(frames.HEADERS, 0, 1, b'abc')
BROKEN = {
    'another frame within a block': START + frames.credit(0, 1),
    'a block of another stream': START + frames.frame(frames.CONTINUATION, 0, 3, b'abc'),
    'a block without a beginning': frames.frame(frames.CONTINUATION, 0, 1, b'abc'),
    'a flood of CONTINUATION': START + frames.frame(frames.CONTINUATION, 0, 1, b'') * (frames.MAX_CONTINUATIONS + 1),
    'a large block': START + frames.frame(frames.CONTINUATION, 0, 1, bytes(16384)) * 5,
    'a large frame': (frames.MAX_FRAME_BYTES + 1).to_bytes(3) + bytes(6),
    'a large frame of headers': (frames.MAX_BLOCK_BYTES + 1).to_bytes(3) + b'\1' + bytes(5),
}


@pytest.mark.parametrize('broken', BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_followed_is_refused_and_all_of_it_is_held(broken: bytes) -> None:
    good = frames.credit(0, 1)
    cutter = Frames()
    units = cutter.cut(good + broken)
    assert next(units)[0] == frames.WINDOW_UPDATE
    with pytest.raises(ProtocolError):
        next(units)
    assert cutter.held() == broken


def test_large_frame_in_small_pieces_is_not_put_together_anew_for_each() -> None:
    cutter = Frames()
    data = frames.frame(frames.DATA, 0, 1, bytes(1024 * 1024))
    for at in range(0, len(data) - 1, 512):
        assert list(cutter.cut(data[at:min(at + 512, len(data) - 1)])) == []
    assert len(cutter._held) > 2000
    assert len(list(cutter.cut(data[-1:]))) == 1


@pytest.mark.parametrize('count', [0, 1, 4, 5])
@pytest.mark.parametrize('flags', [0, frames.END_STREAM])
def test_a_frame_of_content_is_split_and_its_end_stays_at_the_end(flags: int, count: int) -> None:
    first, rest = frames.split(frames.frame(frames.DATA, flags, 7, b'12345'), count)
    assert first == frames.frame(frames.DATA, 0, 7, b'12345'[:count])
    assert rest == frames.frame(frames.DATA, flags, 7, b'12345'[count:])
