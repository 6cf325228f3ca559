"""HTTP by conversation: who sent what, in every slicing, as tables, as recorded and as long as one likes."""
from collections.abc import Iterable

import pytest

from tests.corpus import conversations
from tests.support.framing import (
    BACKEND,
    CLIENT,
    Dialogue,
    Message,
    Turn,
    randomly,
    replay,
    same_in_every_slicing,
    single_bytes,
    whole,
)
from vaurien.protocols.http import HTTP, Intercepted
from vaurien.protocols.http.headers import MAX_REMEMBERED_BYTES, read_request, read_response
from vaurien.protocols.message import MAX_NAME_BYTES

from .messages import CHUNKED, CONNECT, CONTINUE, EARLY, GET, HEAD, NO_LENGTH, OK, POST, UPGRADE, UPLOAD, answer, request

# Each message on a line of its own: the sender, the request it belongs to (None: no request asked for it), its bytes.
Line = tuple[str, str | None, bytes]
CONVERSATIONS: dict[str, list[Line]] = {
    'one request': [(CLIENT, 'GET /', GET), (BACKEND, 'GET /', OK)],
    'keep-alive': [
        (CLIENT, 'GET /', GET), (BACKEND, 'GET /', OK), (CLIENT, 'POST /', POST), (BACKEND, 'POST /', answer(204)),
        (CLIENT, 'HEAD /', HEAD), (BACKEND, 'HEAD /', answer(200, 'Content-Length: 999'))],
    'pipeline': [
        (CLIENT, 'GET /', GET), (CLIENT, 'HEAD /', HEAD), (CLIENT, 'POST /', POST),
        (CLIENT, 'PUT /', UPLOAD),
        (BACKEND, 'GET /', OK), (BACKEND, 'HEAD /', answer(404, 'Transfer-Encoding: chunked')),
        (BACKEND, 'POST /', CHUNKED + b'2\r\nok\r\n0\r\n\r\n'), (BACKEND, 'PUT /', answer(201, 'Content-Length: 0'))],
    'answers without body, whatever their heads say': [
        (CLIENT, 'GET /', GET), (BACKEND, 'GET /', answer(304, 'Content-Length: 7')),
        (CLIENT, 'GET /', GET), (BACKEND, 'GET /', answer(204, 'Transfer-Encoding: chunked')),
        (CLIENT, 'HEAD /', HEAD), (BACKEND, 'HEAD /', NO_LENGTH), (CLIENT, 'GET /', GET), (BACKEND, 'GET /', OK)],
    'Transfer-Encoding wins over Content-Length in an answer': [
        (CLIENT, 'GET /', GET),
        (BACKEND, 'GET /', answer(200, 'Content-Length: 5', 'Transfer-Encoding: chunked', body=b'1\r\na\r\n0\r\n\r\n')),
        (CLIENT, 'GET /', GET), (BACKEND, 'GET /', OK)],
    'chunks with extensions, padded sizes and trailers': [
        (CLIENT, 'GET /', GET),
        (BACKEND, 'GET /', CHUNKED + b'A;x=y\r\n0\r\n\r\n\r\nabc\r\n2  \r\nab\r\n00;last\r\nETag: "a"\r\nX:y\r\n\r\n'),
        (CLIENT, 'GET /', GET), (BACKEND, 'GET /', OK)],
    'other codings before chunked': [
        (CLIENT, 'GET /', GET),
        (BACKEND, 'GET /', answer(200, 'Transfer-Encoding: gzip', 'transfer-encoding: Chunked', body=b'0\r\n\r\n')),
        (CLIENT, 'GET /', GET), (BACKEND, 'GET /', OK)],
    'several interim answers': [
        (CLIENT, 'GET /', GET), (BACKEND, None, EARLY), (BACKEND, None, CONTINUE), (BACKEND, None, EARLY),
        (BACKEND, 'GET /', OK), (CLIENT, 'POST /', POST), (BACKEND, None, EARLY), (BACKEND, 'POST /', OK)],
    'empty lines before a head': [
        (CLIENT, None, b'\r\n'), (CLIENT, None, b'\r\n'), (CLIENT, 'POST /', POST), (CLIENT, None, b'\r\n'),
        (CLIENT, 'GET /', GET), (BACKEND, 'POST /', OK), (BACKEND, 'GET /', OK)],
    'an answer that nobody asked for': [
        (CLIENT, 'GET /', GET), (BACKEND, 'GET /', OK),
        (BACKEND, None, answer(408, 'Content-Length: 4', 'Connection: close', body=b'late'))],
    'HTTP/1.0 with keep-alive': [
        (CLIENT, 'GET /', request('GET', 'Connection: Keep-Alive', version='1.0')),
        (BACKEND, 'GET /', answer(200, 'Connection: keep-alive', 'Content-Length: 1', body=b'x', version='1.0')),
        (CLIENT, 'GET /', GET), (BACKEND, 'GET /', OK)],
    'the last request of a connection': [
        (CLIENT, 'GET /', request('GET', 'Connection: close')),
        (BACKEND, 'GET /', answer(200, 'Connection: close', 'Content-Length: 1', body=b'x'))],
    'an upgrade that is not granted': [
        (CLIENT, 'GET /chat', UPGRADE), (BACKEND, 'GET /chat', OK), (CLIENT, 'GET /', GET), (BACKEND, 'GET /', OK)],
    'a tunnel that is refused': [
        (CLIENT, 'CONNECT b:443', CONNECT), (BACKEND, 'CONNECT b:443', answer(407, 'Content-Length: 1', body=b'x')),
        (CLIENT, 'CONNECT b:443', CONNECT), (BACKEND, 'CONNECT b:443', answer(502, 'Content-Length: 0'))],
    'odd, but clear': [
        (CLIENT, 'OPTIONS *', b'OPTIONS * HTTP/1.1\r\nA:\r\nB: : \t\xe4\x01\r\n\r\n'),
        (BACKEND, 'OPTIONS *', b'HTTP/1.1 999\r\ncontent-length:002  \r\n\r\nok'),
        (CLIENT, 'm-search http://u:p@h/%20?a+b', b'm-search http://u:p@h/%20?a+b HTTP/1.1\r\n\r\n'),
        (BACKEND, 'm-search http://u:p@h/%20?a+b', b'HTTP/1.1 200 \r\nContent-Length:0\r\n\r\n')],
}


def turns(lines: Iterable[Line]) -> list[Turn]:
    """Join what one side sends without having been answered."""
    joined: list[Turn] = []
    for sender, _, data in lines:
        if joined and joined[-1][0] == sender:
            joined[-1] = sender, joined[-1][1] + data
        else:
            joined.append((sender, data))
    return joined


@pytest.mark.parametrize('lines', CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_conversation_gives_the_same_messages_in_every_slicing(lines: list[Line]) -> None:
    dialogue = same_in_every_slicing(HTTP, turns(lines))

    assert dialogue.messages == [Message(*line) for line in lines]
    assert dialogue.tail == {CLIENT: b'', BACKEND: b''}
    assert dialogue.opaque == {CLIENT: '', BACKEND: ''}


@pytest.mark.parametrize('lines', CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_editing_a_conversation_cuts_it_into_the_same_messages(lines: list[Line]) -> None:
    dialogue = same_in_every_slicing(HTTP, turns(lines), overwrite_host_header=True)

    assert dialogue.messages == [Message(*line) for line in lines]


# -- real conversations

#: recordings that stop being HTTP/1.x, or never were: how many responses they have until then
SWITCHING = {'curl-connect': 1, 'websockets': 1, 'curl-h2-prior-knowledge-nginx': 0, 'nc-bare-line-feeds-nginx': 0}
#: a message that had not come to its end when the recording did
UNFINISHED = {'curl-http10-close-delimited-nginx': {BACKEND}, 'curl-too-large-expect-nginx': {CLIENT},
              'timeout-408-haproxy': {CLIENT}}
RECORDED = conversations('http')


@pytest.mark.parametrize('name', RECORDED)
def test_recorded_conversation_is_followed_in_every_slicing(name: str) -> None:
    dialogue = same_in_every_slicing(HTTP, RECORDED[name])

    if name in SWITCHING:
        assert dialogue.opaque[BACKEND]
        assert [message.sender for message in dialogue.messages].count(BACKEND) == SWITCHING[name]
    else:
        assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
        assert {sender for sender, tail in dialogue.tail.items() if tail} == UNFINISHED.get(name, set())


def test_recorded_pipeline_pairs_six_responses() -> None:
    messages = replay(HTTP, RECORDED['pipelined-nginx']).messages

    asked = ['GET /index.html', 'HEAD /index.html', 'POST /accept', 'GET /chunked/index.html', 'GET /empty',
             'GET /last/index.html']
    assert [message.name for message in messages if message.sender == CLIENT] == asked
    assert [message.name for message in messages if message.sender == BACKEND] == asked


# -- names


@pytest.mark.parametrize('line, name', [
    (b'GET /items?x=1 HTTP/1.1', 'GET /items?x=1'),
    (b'get /Items HTTP/1.1', 'get /Items'),
    ('GET /ä HTTP/1.1'.encode(), 'GET /ä'),
    (b'GET /\xff HTTP/1.0', 'GET /\N{REPLACEMENT CHARACTER}'),
])
def test_name_is_method_and_target_as_sent(line: bytes, name: str) -> None:
    dialogue = same_in_every_slicing(HTTP, [(CLIENT, line + b'\r\nHost: a\r\n\r\n')])

    assert [exchange.name for exchange in dialogue.exchanges] == [name]


def test_name_of_a_long_request_is_cut() -> None:
    dialogue = replay(HTTP, [(CLIENT, b'GET /' + b'x' * 10_000 + b' HTTP/1.1\r\n\r\n')])

    assert dialogue.exchanges[0].name == 'GET /' + 'x' * (MAX_NAME_BYTES - 5)
    assert not dialogue.opaque[CLIENT]


# -- bodies


@pytest.mark.parametrize('head', [NO_LENGTH, answer(200, 'Transfer-Encoding: gzip'), answer(500, version='1.0')])
def test_response_without_length_ends_with_the_connection(head: bytes) -> None:
    for slicer in (whole, single_bytes, randomly(1)):
        dialogue = replay(HTTP, [(CLIENT, GET), (BACKEND, head + b'the rest\r\n\r\n' + OK)], slicer)
        assert len(dialogue.messages) == 1

        assert dialogue.end(BACKEND)
        assert dialogue.messages[1] == Message(BACKEND, 'GET /', head + b'the rest\r\n\r\n' + OK)


@pytest.mark.parametrize('data', [b'', answer(200, 'Content-Length: 9', body=b'x'), CHUNKED, CHUNKED + b'3\r\nab',
                                  CHUNKED + b'0\r\n', OK, EARLY, b'HTTP/1.1 200 OK\r\n'])
def test_end_of_the_connection_does_not_complete_any_other_response(data: bytes) -> None:
    for slicer in (whole, single_bytes):
        assert not replay(HTTP, [(CLIENT, GET), (BACKEND, data)], slicer).end(BACKEND)


def test_end_of_the_connection_does_not_complete_a_request() -> None:
    for data in (b'GET / HT', POST[:-1], UPLOAD[:-1]):
        assert not replay(HTTP, [(CLIENT, data)]).end(CLIENT)


GB = 10**9


@pytest.mark.parametrize('sender, before, head', [
    (CLIENT, [], request('PUT', f'Content-Length: {GB}')),
    (BACKEND, [(CLIENT, GET)], answer(200, f'Content-Length: {GB}')),
    (BACKEND, [(CLIENT, GET)], NO_LENGTH),
    (CLIENT, [], request('PUT', 'Transfer-Encoding: chunked', body=b'%x\r\n' % GB)),
    (BACKEND, [(CLIENT, GET)], CHUNKED + b'%x;x\r\n' % GB),
])
def test_body_is_not_held_and_need_not_be_looked_at(sender: str, before: list[Turn], head: bytes) -> None:
    dialogue = replay(HTTP, [*before, (sender, head)])
    cutter = dialogue.cutter(sender)
    assert cutter.framer.rest >= GB
    asked = cutter.framer.exchange

    for _ in range(3):
        dialogue.feed(sender, b'\r\n' * 500)
        assert cutter.held == b''
    cutter.skipped(GB // 2)     # forwarded unseen
    assert cutter.framer.rest >= GB // 2 - 3000
    assert cutter.framer.exchange is asked is not None


@pytest.mark.parametrize('sender, before, head, end', [
    (CLIENT, [], request('PUT', 'Content-Length: 5000'), b''),
    (BACKEND, [(CLIENT, GET)], answer(200, 'Content-Length: 5000'), b''),
    (CLIENT, [], request('PUT', 'Transfer-Encoding: chunked', body=b'1388\r\n'), b'\r\n0\r\n\r\n'),
    (BACKEND, [(CLIENT, GET)], CHUNKED + b'1388\r\n', b'\r\n0\r\n\r\n'),
])
def test_message_goes_on_after_a_body_that_was_forwarded_unseen(
        sender: str, before: list[Turn], head: bytes, end: bytes) -> None:
    dialogue = replay(HTTP, [*before, (sender, head)])
    cutter = dialogue.cutter(sender)

    cutter.skipped(5000)
    assert cutter.framer.rest == 0
    dialogue.feed(sender, end)
    assert [message.sender for message in dialogue.messages][-1:] == [sender]
    assert not cutter.framer.open


def test_client_that_waits_for_100_is_not_waited_for() -> None:
    head = request('PUT', 'Expect: 100-continue', 'Content-Length: 3')
    dialogue = replay(HTTP, [(CLIENT, head)])

    assert [exchange.name for exchange in dialogue.exchanges] == ['PUT /']
    assert dialogue.cutter(CLIENT).held == b''
    dialogue.feed(BACKEND, CONTINUE)
    dialogue.feed(CLIENT, b'abc')
    dialogue.feed(BACKEND, OK)
    assert [message.name for message in dialogue.messages] == [None, 'PUT /', 'PUT /']


def test_final_response_may_come_before_the_body() -> None:
    head = request('PUT', 'Content-Length: 3')
    too_large = answer(413, 'Content-Length: 0')
    dialogue = replay(HTTP, [(CLIENT, head), (BACKEND, too_large), (CLIENT, b'abc' + GET), (BACKEND, OK)])

    assert dialogue.messages == [
        Message(BACKEND, 'PUT /', too_large), Message(CLIENT, 'PUT /', head + b'abc'), Message(CLIENT, 'GET /', GET),
        Message(BACKEND, 'GET /', OK)]


def test_whole_messages_are_reported_in_one_part_each() -> None:
    protocol = Dialogue(HTTP).protocol
    for data in (GET, POST, UPLOAD):
        parts = list(protocol.request_cutter.cut(data))
        assert [(end, done) for end, _, done in parts] == [(len(data), True)]
        protocol.queue.append(parts[0][1])
    for data in (OK, CHUNKED + b'2\r\nok\r\n0\r\n\r\n'):
        assert [(end, done) for end, _, done in protocol.response_cutter.cut(data)] == [(len(data), True)]


@pytest.mark.parametrize('read, head', [(read_request, GET), (read_response, answer(200, 'Content-Length: 2'))])
def test_long_headers_are_not_remembered(read: object, head: bytes) -> None:
    for more in (0, MAX_REMEMBERED_BYTES):
        read.cache_clear()  # type: ignore[attr-defined]
        data = head[:-2] + b'X: ' + b'y' * more + b'\r\n\r\n'
        turn = (CLIENT, data) if read is read_request else (BACKEND, data + b'ok')
        assert len(replay(HTTP, [turn]).messages) == 1
        assert read.cache_info().currsize == (0 if more else 1)  # type: ignore[attr-defined]


class AtAnApi(Intercepted):
    """A connection that a forward proxy has opened."""

    def __init__(self, settings: object = None) -> None:
        super().__init__(settings, 'https://api.test:8443')     # type: ignore[arg-type]


def test_on_a_connection_that_a_forward_proxy_has_opened_names_say_the_server() -> None:
    targets = '/', '/a?b', 'http://other.test/a', '*', '/' + 'x' * MAX_NAME_BYTES
    turns = [turn for target in targets for turn in ((CLIENT, GET.replace(b' / ', f' {target} '.encode())), (BACKEND, OK))]
    names = [message.name for message in same_in_every_slicing(AtAnApi, turns).messages if message.sender == CLIENT]
    assert names[:4] == ['GET https://api.test:8443/', 'GET https://api.test:8443/a?b', 'GET http://other.test/a',
                         'GET https://api.test:8443']
    assert names[4] == f'GET https://api.test:8443/{"x" * MAX_NAME_BYTES}'[:MAX_NAME_BYTES]
    assert AtAnApi.shape('GET https://api.test/v1/charges/ch_12345?a=1') == 'GET https://api.test/v1/charges/??a=?'
