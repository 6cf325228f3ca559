"""What of HTTP is not followed, so that no request can be hidden in it, and where a connection ceases to be HTTP."""
import pytest

from tests.support.framing import BACKEND, CLIENT, Message, randomly, replay, same_in_every_slicing
from vaurien.protocols.http import HTTP
from vaurien.protocols.message import MAX_HELD_BYTES

from .messages import CHUNKED, CONNECT, EARLY, GET, OK, SWITCHED, UPGRADE, answer, request

#: Heads that readers disagree about, or that only some accept. Anyone who follows one reading only can be made to see
#: requests that the backend does not (request smuggling); vaurien sees none from there on.
SMUGGLED = GET
DOUBTFUL_REQUESTS = {
    'a length and chunks': request('POST', 'Content-Length: 4', 'Transfer-Encoding: chunked', body=b'0\r\n\r\n'),
    'chunks and a length': request('POST', 'Transfer-Encoding: chunked', 'Content-Length: 4', body=b'0\r\n\r\n'),
    'two lengths': request('POST', 'Content-Length: 3', 'Content-Length: 5', body=b'abc'),
    'the same length twice': request('POST', 'Content-Length: 3', 'Content-Length: 3', body=b'abc'),
    'a list of lengths': request('POST', 'Content-Length: 3, 3', body=b'abc'),
    'a signed length': request('POST', 'Content-Length: +3', body=b'abc'),
    'a negative length': request('POST', 'Content-Length: -3', body=b'abc'),
    'a hexadecimal length': request('POST', 'Content-Length: 0x3', body=b'abc'),
    'a length with underscore': request('POST', 'Content-Length: 1_0', body=b'abc'),
    'a length of other digits': request('POST', 'Content-Length: \xb2', body=b'ab'),
    'a length that overflows': request('POST', 'Content-Length: 18446744073709551619', body=b'abc'),
    'a length of thousands of digits': request('POST', 'Content-Length: ' + '0' * 5000 + '3', body=b'abc'),
    'an empty length': request('POST', 'Content-Length:', body=b'abc'),
    'a length behind a form feed': request('POST', 'Content-Length: \x0c3', body=b'abc'),
    'a blank before the colon': request('POST', 'Content-Length : 3', body=b'abc'),
    'a tab before the colon': request('POST', 'Transfer-Encoding\t: chunked', body=b'0\r\n\r\n'),
    'a folded line': request('POST', 'Transfer-Encoding:', ' chunked', body=b'0\r\n\r\n'),
    'a folded first line': b'POST / HTTP/1.1\r\n X: y\r\nContent-Length: 3\r\n\r\nabc',
    'a field without colon': request('POST', 'Content-Length', body=b'abc'),
    'a field without name': request('POST', ': x', body=b'abc'),
    'a NUL in a name': request('POST', 'Content\0-Length: 3', body=b'abc'),
    'a NUL in a value': request('POST', 'Content-Length: 3\0', body=b'abc'),
    'a bare carriage return': request('POST', 'X: y\rContent-Length: 3', body=b'abc'),
    'a bare line feed': request('POST', 'X: y\nContent-Length: 3', body=b'abc'),
    'bare line feeds only': b'GET / HTTP/1.1\nHost: a\n\n',
    'a bare line feed at the end': b'GET / HTTP/1.1\r\nHost: a\n\r\n',
    'chunked in HTTP/1.0': request('POST', 'Transfer-Encoding: chunked', body=b'0\r\n\r\n', version='1.0'),
    'an unknown coding': request('POST', 'Transfer-Encoding: xchunked', body=b'0\r\n\r\n'),
    'chunked twice': request('POST', 'Transfer-Encoding: chunked, chunked', body=b'0\r\n\r\n'),
    'chunked, then identity': request(
        'POST', 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity', body=b'0\r\n\r\n'),
    'chunked not last': request('POST', 'Transfer-Encoding: chunked, gzip', body=b'0\r\n\r\n'),
    'chunked with a parameter': request('POST', 'Transfer-Encoding: chunked;a=b', body=b'0\r\n\r\n'),
    'chunked in quotes': request('POST', 'Transfer-Encoding: "chunked"', body=b'0\r\n\r\n'),
    'chunked behind a vertical tab': request('POST', 'Transfer-Encoding: \x0bchunked', body=b'0\r\n\r\n'),
    'an empty coding': request('POST', 'Transfer-Encoding:', body=b'abc'),
    'no version': b'GET /\r\n\r\n',
    'two blanks': b'GET  / HTTP/1.1\r\n\r\n',
    'a blank in the target': b'GET /a b HTTP/1.1\r\n\r\n',
    'a tab in the request line': b'GET\t/ HTTP/1.1\r\n\r\n',
    'a blank behind the version': b'GET / HTTP/1.1 \r\n\r\n',
    'a blank before the method': b' GET / HTTP/1.1\r\n\r\n',
    'lower case version': b'GET / http/1.1\r\n\r\n',
    'another version': b'GET / HTTP/1.2\r\n\r\n',
    'a version of many digits': b'GET / HTTP/1.10\r\n\r\n',
    'HTTP/2 by prior knowledge': b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a carriage return before the head': b'\rGET / HTTP/1.1\r\n\r\n',
}
#: First bytes of what will never be HTTP/1.x; the end of headers that will not come is not waited for.
OTHER_PROTOCOLS = {
    'TLS': b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'SSH': b'SSH-2.0-OpenSSH_9.2\r\n', 'redis': b'*1\r\n$4\r\n',
    'inline redis': b'PING\r\n', 'SMTP': b'EHLO me\r\n', 'a long word': b'x' * 40, 'HTTP/0.9': b'GET /\r\n',
    'bare line feeds': b'GET / HTTP/1.1\r\nHost: a\n\n', 'zeros': b'\0\0\0', 'a line feed': b'\n',
}


@pytest.mark.parametrize('data', DOUBTFUL_REQUESTS.values(), ids=DOUBTFUL_REQUESTS)
def test_doubtful_request_and_all_after_it_pass_unread(data: bytes) -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, GET + data + SMUGGLED)])

    assert dialogue.messages == [Message(CLIENT, 'GET /', GET)]
    assert dialogue.opaque[CLIENT]
    assert dialogue.tail[CLIENT] == data + SMUGGLED


@pytest.mark.parametrize('data', OTHER_PROTOCOLS.values(), ids=OTHER_PROTOCOLS)
def test_other_protocol_passes_before_headers_could_be_complete(data: bytes) -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, data)])

    assert dialogue.opaque[CLIENT]
    assert dialogue.cutter(CLIENT).held == b''


@pytest.mark.parametrize('data', [b'G', b'GET', b'GET ', b'GET /a', b'GET /a HT', b'GET /a HTTP/1.1\r', b'\r', b'HTTP',
                                  b'GET / HTTP/1.1\r\nHost: a\r', b'GET / HTTP/1.1\r\nHost: a\r\n\r', b'P' * 32])
def test_beginning_of_headers_is_waited_for(data: bytes) -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, data)])

    assert not dialogue.opaque[CLIENT]
    assert dialogue.cutter(CLIENT).held == data


def test_headers_without_end_passes_unread() -> None:
    data = b'GET / HTTP/1.1\r\n' + b'X: y\r\n' * (MAX_HELD_BYTES // 6)
    dialogue = replay(HTTP, [(CLIENT, data)], randomly(1, 8192))

    assert dialogue.opaque[CLIENT]
    assert dialogue.tail[CLIENT] == data


@pytest.mark.parametrize('more', [-1, 0, 1])
def test_headers_are_read_up_to_a_length_that_does_not_depend_on_how_they_come(more: int) -> None:
    start = b'GET / HTTP/1.1\r\nX: '
    data = start + b'y' * (MAX_HELD_BYTES + more - len(start) - 4) + b'\r\n\r\n'
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, data)], (randomly(1, 8192), randomly(2, 60_000)))

    assert bool(dialogue.opaque[CLIENT]) is (more > 0)


#: Behind a good head: chunks that only some readers accept, or that they read differently
DOUBTFUL_CHUNKS = {
    'no number': b'xyz\r\nabc', 'no size': b'\r\nabc', 'a blank first': b' 3\r\nabc\r\n', 'a sign': b'+3\r\nabc\r\n',
    'a prefix': b'0x3\r\nabc\r\n', 'an underscore': b'0_3\r\nabc\r\n',
    'a size that overflows': b'10000000000000003\r\nabc\r\n',
    'a bare line feed behind the size': b'3\nabc\r\n', 'a bare carriage return': b'3\rx\r\nabc\r\n',
    'a line feed in an extension': b'3;x\ny\r\nabc\r\n', 'a carriage return in an extension': b'3;x\ry\r\nabc\r\n',
    'more data than said': b'3\r\nabcd\r\n', 'a bare line feed behind the data': b'3\r\nabc\n0\r\n\r\n',
    'no line end behind the data': b'3\r\nabc0\r\n\r\n', 'a bare line feed in a trailer': b'0\r\nX: y\n\r\n',
    'a folded trailer': b'0\r\nX: y\r\n z\r\n\r\n', 'a trailer without colon': b'0\r\nX\r\n\r\n',
    'a comma': b'3,3\r\nabc\r\n',
}


@pytest.mark.parametrize('body', DOUBTFUL_CHUNKS.values(), ids=DOUBTFUL_CHUNKS)
def test_doubtful_chunks_and_all_after_them_pass_unread(body: bytes) -> None:
    upload = request('PUT', 'Transfer-Encoding: chunked', body=b'2\r\nab\r\n')
    body += b'0\r\n\r\n'      # where others may see the end
    asked = same_in_every_slicing(HTTP, [(CLIENT, upload + body + SMUGGLED)])
    answered = same_in_every_slicing(HTTP, [(CLIENT, GET), (BACKEND, CHUNKED + b'2\r\nab\r\n' + body + OK)])

    assert asked.messages == []
    assert asked.opaque[CLIENT]
    assert [exchange.name for exchange in asked.exchanges] == ['PUT /']
    assert answered.messages == [Message(CLIENT, 'GET /', GET)]
    assert answered.opaque[BACKEND]


@pytest.mark.parametrize('body', [b'xyz', b'3\n', b'5;x\n', b'3\r\nabcd', b'3\r\nabc\n', b'0\r\nX: y\n\n', b'0\r\n\n'])
def test_chunks_that_will_never_be_right_are_not_waited_for(body: bytes) -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, GET), (BACKEND, CHUNKED + body)])

    assert dialogue.opaque[BACKEND]


@pytest.mark.parametrize('body', [b'', b'f', b'F \r', b'3;x="', b'3\r\nabc\r', b'0\r\n', b'0\r\nX: y\r\n\r'])
def test_beginning_of_a_chunk_is_waited_for(body: bytes) -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, GET), (BACKEND, CHUNKED + body)])

    assert not dialogue.opaque[BACKEND]


DOUBTFUL_ANSWERS = {
    'two lengths': answer(200, 'Content-Length: 2', 'Content-Length: 3', body=b'ok'),
    'a length that is none': answer(200, 'Content-Length: 2x', body=b'ok'),
    'a blank before the colon': answer(200, 'Content-Length : 2', body=b'ok'),
    'an unknown coding': answer(200, 'Transfer-Encoding: identity', body=b'ok'),
    'chunked in HTTP/1.0': answer(200, 'Transfer-Encoding: chunked', body=b'0\r\n\r\n', version='1.0'),
    'a bare line feed': b'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok',
    'no status': b'HTTP/1.1 OK\r\n\r\n', 'a status of two digits': b'HTTP/1.1 20 OK\r\n\r\n',
    'a status of four digits': b'HTTP/1.1 2000 OK\r\n\r\n', 'a status from zero on': b'HTTP/1.1 020 OK\r\n\r\n',
    'another protocol': b'ICY 200 OK\r\n\r\n', 'another greeting': b'220 ready\r\n', 'binary': b'\x15\x03\x01\x00\x02',
    'an empty line first': b'\r\n' + OK,
    'HTTP/2 frames': b'\0\0\x12\x04\0\0\0\0\0', 'HTTP/0.9': b'<html>',
}


@pytest.mark.parametrize('data', DOUBTFUL_ANSWERS.values(), ids=DOUBTFUL_ANSWERS)
def test_doubtful_response_and_all_after_it_pass_unread(data: bytes) -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, GET + GET), (BACKEND, OK + data + OK)])

    assert [message.data for message in dialogue.messages] == [GET, GET, OK]
    assert dialogue.opaque[BACKEND]
    assert dialogue.tail[BACKEND] == data + OK


# -- connections that cease to be HTTP


@pytest.mark.parametrize('asked, granted', [
    (UPGRADE, SWITCHED), (CONNECT, b'HTTP/1.1 200 Connection established\r\n\r\n'),
    (CONNECT, answer(204)), (CONNECT, answer(200, 'Content-Length: 5')), (GET, SWITCHED),
])
def test_backend_switches_to_another_protocol(asked: bytes, granted: bytes) -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, asked), (BACKEND, EARLY + granted + OK + b'\x81\x05hello')])

    assert [message.data for message in dialogue.messages] == [asked, EARLY, granted]
    assert dialogue.messages[-1].name == dialogue.messages[0].name
    assert dialogue.opaque[BACKEND]
    assert dialogue.tail[BACKEND] == OK + b'\x81\x05hello'


def test_switch_is_known_at_once_so_that_the_client_passes_unread_too() -> None:
    dialogue = replay(HTTP, [(CLIENT, UPGRADE), (BACKEND, SWITCHED)])

    assert dialogue.opaque[BACKEND]


@pytest.mark.parametrize('asked', [UPGRADE, CONNECT])
def test_bytes_after_a_request_for_another_protocol_are_not_taken_for_requests(asked: bytes) -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, asked + SMUGGLED)])

    assert [message.data for message in dialogue.messages] == [asked]
    assert dialogue.opaque[CLIENT]


def test_response_to_a_request_for_another_protocol_is_still_known_when_bytes_came_too_early() -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, CONNECT + b'\x16\x03'), (BACKEND, answer(200) + b'\x16\x03')])

    assert [message.sender for message in dialogue.messages] == [CLIENT, BACKEND]
    assert dialogue.tail == {CLIENT: b'\x16\x03', BACKEND: b'\x16\x03'}


@pytest.mark.parametrize('last', [request('GET', 'Connection: close'), request('GET', version='1.0'),
                                  request('GET', 'Connection: x', 'Connection: y, CLOSE ,z')])
def test_bytes_after_the_last_request_are_not_taken_for_requests(last: bytes) -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, last + SMUGGLED), (BACKEND, OK)])

    assert [message.data for message in dialogue.messages] == [last, OK]
    assert set(dialogue.opaque.values()) == {'bytes after a request that ends the connection'}


def test_bytes_after_the_last_response_to_an_opaque_client_are_not_taken_for_responses() -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, GET + b'\0'), (BACKEND, OK + OK)])

    assert [message.data for message in dialogue.messages] == [GET, OK]
    assert dialogue.tail[BACKEND] == OK


def test_without_keep_alive_bytes_after_a_request_are_not_taken_for_requests() -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, GET + SMUGGLED)], keep_alive=False)

    assert [message.data for message in dialogue.messages] == [GET]
    assert dialogue.opaque[CLIENT]


@pytest.mark.parametrize('last', [answer(200, 'Connection: close', 'Content-Length: 0'),
                                  answer(200, 'Content-Length: 0', version='1.0')])
def test_bytes_after_the_last_response_are_not_taken_for_responses(last: bytes) -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, GET + GET), (BACKEND, last + OK)])

    assert [message.data for message in dialogue.messages] == [GET, GET, last]
    assert dialogue.tail[BACKEND] == OK
