"""Header fields that two readers could understand differently, as a client would smuggle a request with them."""
import io
from http.client import parse_headers

import pytest

from vaurien.net.httpd.framing import FramingError, check_framing

DOUBTFUL = {
    'both': 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    'both, in the other order': 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
    'two lengths': 'Content-Length: 5\r\nContent-Length: 6\r\n',
    'one length twice': 'Content-Length: 5\r\nContent-Length: 5\r\n',
    'a list of lengths': 'Content-Length: 5, 5\r\n',
    'what only Python takes for a number': 'Content-Length: 1_0\r\n',
    'a plus': 'Content-Length: +5\r\n',
    'a minus': 'Content-Length: -5\r\n',
    'hexadecimal': 'Content-Length: 0x5\r\n',
    'other digits': 'Content-Length: \xb2\r\n',
    'no digits': 'Content-Length: \r\n',
    'too many digits': f'Content-Length: {"9" * 19}\r\n',
    'another encoding': 'Transfer-Encoding: gzip\r\n',
    'encodings': 'Transfer-Encoding: gzip, chunked\r\n',
    'chunked twice': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
    'nearly chunked': 'Transfer-Encoding: xchunked\r\n',
    'a control character': 'Transfer-Encoding: \x0bchunked\r\n',
    'no encoding': 'Transfer-Encoding: \r\n',
    'a space before the colon': 'Content-Length : 5\r\n',
    'no colon': 'Content-Length 5\r\n',
    'a folded line': 'Transfer-Encoding:\r\n chunked\r\n',
    'a folded first line': ' Content-Length: 5\r\n',
}


def read(text):
    return parse_headers(io.BytesIO(f'Host: a\r\n{text}\r\n'.encode('latin-1')))


@pytest.mark.parametrize('text', DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_is_in_doubt_is_refused(text):
    with pytest.raises(FramingError):
        check_framing(read(text), 'HTTP/1.1')


@pytest.mark.parametrize('text', ['', 'Content-Length: 0\r\n', 'content-length:\t5 \r\n', 'TRANSFER-ENCODING: Chunked\r\n'])
def test_what_is_clear_is_taken(text):
    check_framing(read(text), 'HTTP/1.1')


def test_an_old_version_knows_no_encoding():
    with pytest.raises(FramingError):
        check_framing(read('Transfer-Encoding: chunked\r\n'), 'HTTP/1.0')
