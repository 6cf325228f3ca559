"""The content of a body is what its sender has framed, in any slicing."""
import pytest

from tests.support.framing import randomly, single_bytes, whole
from vaurien.protocols.http.events.content import Content
from vaurien.protocols.http.headers import CHUNKED, UNTIL_CLOSE

BODY = b'1\r\na\r\n00a ;x="y"\r\n0123456789\r\n4\r\n\r\n\r\n\r\n'
LAST = b'0\r\n\r\n', b'000;z\r\nX-A: 1\r\nX-B:\r\n\r\n'


@pytest.mark.parametrize('last', LAST, ids=['no trailer', 'trailer'])
@pytest.mark.parametrize('slicer', [whole, single_bytes, randomly(1, 4), randomly(2, 9)], ids=['whole', 'bytes', 'few', 'more'])
def test_content_is_taken_out_of_chunks_and_framed_again(slicer, last):
    content = Content(CHUNKED)
    pieces = [content.take(piece) for piece in slicer(BODY + last)]
    assert b''.join(pieces) == b'a0123456789\r\n\r\n'
    again = Content(CHUNKED)
    assert b''.join(again.take(content.framed(piece)) for piece in pieces) == b''.join(pieces)
    assert content.framed(b'') == b''
    assert content.last() == b'0\r\n' + last.partition(b'\r\n')[2]


def test_a_body_that_has_not_come_to_its_last_chunk_can_be_ended():
    content = Content(CHUNKED)
    assert content.take(BODY[:9]) == b'a'
    assert content.last() == b'0\r\n\r\n'


@pytest.mark.parametrize('length', [5, UNTIL_CLOSE])
def test_a_body_without_chunks_is_its_own_content(length):
    content = Content(length)
    assert (content.take(b'5\r\nab'), content.framed(b'ab'), content.last()) == (b'5\r\nab', b'ab', b'')
