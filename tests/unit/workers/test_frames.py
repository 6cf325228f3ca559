"""Frames: the same ones come out that went in, however their bytes are cut."""
import pytest

from vaurien.errors import VaurienError
from vaurien.workers.frames import Frame, Reader, encode

FRAMES = [Frame('hello'), Frame('become', 1, ['a', {'b': None}]), Frame('rows', 0, [[]]), Frame('answer', 7, 'x' * 300)]


@pytest.mark.parametrize('size', [1, 2, 3, 7, 10_000])
def test_frames_come_whole(size):
    data, reader = b''.join(map(encode, FRAMES)), Reader()
    found = [frame for at in range(0, len(data), size) for frame in reader.feed(data[at:at + size])]
    assert found == FRAMES


@pytest.mark.parametrize('data', [b'\xff\xff\xff\xff', b'\0\0\0\1{', b'\0\0\0\2[]'], ids=['length', 'no JSON', 'no frame'])
def test_what_is_none_is_refused(data):
    with pytest.raises(VaurienError, match='frame'):
        Reader().feed(data)


def test_bytes_stay_as_they_are():
    data = b'{"a":1}\n=\xff\n\n'
    [frame, after] = Reader().feed(encode(Frame('lines', 7, data)) + encode(Frame('rows', 0, [1])))
    assert frame == Frame('lines', 7, data)
    assert after.data == [1]
