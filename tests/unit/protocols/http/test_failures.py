"""The failures of HTTP as a client of the standard library reads them, and where each may occur."""
import http.client
import io

import pytest

from tests.support.framing import BACKEND, CLIENT, FakeSession, replay, same_in_every_slicing
from vaurien.protocols import Protocol
from vaurien.protocols.http import HTTP
from vaurien.protocols.http.events.failures import ERRORS as EVENTS
from vaurien.protocols.http.grpc.failures import ERRORS as CALLS
from vaurien.protocols.http.h2.failures import RESETS
from vaurien.protocols.http.ws.failures import ERRORS as SOCKETS
from vaurien.protocols.message import Failure

from .messages import CONNECT, GET, HEAD, POST, UPGRADE, request

ALL = ('500', '501', '502', '503', '504', '429', 'truncated', 'malformed-chunk', 'empty-response', 'reset',
       'slow-headers', 'lost-reply', 'half-reply')
OF_STREAMS = ('refused-stream', 'internal-error', 'enhance-your-calm', 'cancel', 'http11-required', *RESETS, 'mid-reset',
              'mid-cancel', 'no-end-stream', 'goaway-refused', 'goaway-drain', 'goaway-calm', 'goaway-idle', 'stalled-window',
              'no-streams', 'bad-header-block', 'frame-too-large', 'http1-answer')
STATUSES = {'500': 'Internal Server Error', '501': 'Not Implemented', '502': 'Bad Gateway',
            '503': 'Service Unavailable',
            '504': 'Gateway Timeout', '429': 'Too Many Requests'}


def fail(kind: str, asked: bytes = GET, **settings: object) -> Failure:
    dialogue = replay(HTTP, [(CLIENT, asked)], **settings)
    exchange, = dialogue.exchanges
    assert dialogue.protocol.fits(kind, exchange)
    failure: Failure = HTTP.errors[kind].build(dialogue.protocol, exchange)
    assert failure.request == b'', 'the request must not reach the backend'
    return failure


class Wire:
    """Stands in for a socket that a client reads a response from, and then its end."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self.data)


def received(reply: bytes, method: str = 'GET') -> http.client.HTTPResponse:
    """Read the headers of a response as a client of the standard library does."""
    response = http.client.HTTPResponse(Wire(reply), method=method)  # type: ignore[arg-type]
    response.begin()
    return response


def test_protocol_is_known_with_all_its_kinds() -> None:
    assert Protocol.get('http') is HTTP
    assert tuple(HTTP.errors) == ALL + OF_STREAMS + tuple(CALLS) + tuple(EVENTS) + tuple(SOCKETS) + ('response', 'edited')
    assert all(kind.only_named for kind in SOCKETS.values())


@pytest.mark.parametrize('asked', [GET, HEAD, POST, CONNECT], ids=['GET', 'HEAD', 'POST', 'CONNECT'])
def test_no_failure_of_streams_is_drawn_or_fits_in_http_1(asked: bytes) -> None:
    dialogue = replay(HTTP, [(CLIENT, asked)])
    exchange, = dialogue.exchanges
    fitting = [name for name in dialogue.protocol.at_random() if dialogue.protocol.fits(name, exchange)]
    assert fitting
    assert not set(fitting) & {*OF_STREAMS, *CALLS}
    assert not any(dialogue.protocol.fits(name, exchange) for name in (*OF_STREAMS, *CALLS))


@pytest.mark.parametrize('kind, reason', STATUSES.items())
def test_refusal_is_a_complete_response_that_names_vaurien(kind: str, reason: str) -> None:
    failure = fail(kind)
    response = received(failure.reply)
    page = response.read().decode()

    assert (response.status, response.reason, failure.end, failure.pause) == (int(kind), reason, '', 0)
    assert HTTP.errors[kind].codes == (str(response.status),)
    assert 'injected by vaurien' in page
    assert f'{kind} {reason}' in page
    assert response.headers['Content-Length'] == str(len(page.encode()))
    assert response.headers['Content-Type'] == 'text/html; charset=utf-8'
    assert response.headers['Server'] == 'vaurien'
    assert response.headers['Date'].endswith(' GMT')
    assert (response.headers['Retry-After'] is not None) == (kind in ('429', '503'))
    assert b'\n' not in failure.reply.partition(b'\r\n\r\n')[0].replace(b'\r\n', b'')


@pytest.mark.parametrize('kind', [*STATUSES, 'slow-headers'])
def test_response_made_here_could_be_followed_by_the_next_one(kind: str) -> None:
    for asked in (GET, HEAD, POST, CONNECT):
        dialogue = same_in_every_slicing(HTTP, [(CLIENT, asked), (BACKEND, fail(kind, asked).reply)])
        assert [message.sender for message in dialogue.messages] == [CLIENT, BACKEND]
        assert dialogue.protocol.reusable()


@pytest.mark.parametrize('kind', STATUSES)
def test_response_to_head_has_the_headers_of_the_page_and_no_body(kind: str) -> None:
    head, blank, body = fail(kind, HEAD).reply.partition(b'\r\n\r\n')

    assert (blank, body) == (b'\r\n\r\n', b'')
    assert head.split(b'\r\n')[3:] == fail(kind).reply.partition(b'\r\n\r\n')[0].split(b'\r\n')[3:]
    assert int(received(head + blank, 'HEAD').headers['Content-Length']) > 100


#: What the client asks, whether the connection stays
NEGOTIATED = {
    'HTTP/1.1': (GET, True), 'HTTP/1.1 to be closed': (request('GET', 'Connection: Close'), False),
    'HTTP/1.0': (request('GET', version='1.0'), False),
    'HTTP/1.0 to be kept': (request('GET', 'Connection: keep-alive', version='1.0'), True),
    'HTTP/1.0 that says both': (request('GET', 'Connection: keep-alive, close', version='1.0'), False),
    'an upload': (POST, True), 'an upgrade': (UPGRADE, True),
    # the client may send its body after this final response or leave it: its next bytes would be anything
    'an upload that waits': (request('PUT', 'Content-Length: 3', 'Expect: 100-Continue'), False),
    'chunks that wait': (request('PUT', 'Transfer-Encoding: chunked', 'expect: 100-continue'), False),
    'no upload at all that waits': (request('GET', 'Expect: 100-continue'), True),
}


@pytest.mark.parametrize('asked, stays', NEGOTIATED.values(), ids=NEGOTIATED)
@pytest.mark.parametrize('kind', [*STATUSES, 'slow-headers'])
def test_connection_goes_on_as_the_peers_negotiated(kind: str, asked: bytes, stays: bool) -> None:
    failure = fail(kind, asked)
    response = received(failure.reply)

    assert failure.end == ('' if stays else 'close')
    assert response.headers['Connection'] == ('keep-alive' if stays else 'close')
    assert response.will_close is not stays


def test_without_keep_alive_a_refusal_ends_the_connection() -> None:
    failure = fail('503', keep_alive=False)

    assert failure.end == 'close'
    assert received(failure.reply).headers['Connection'] == 'close'


@pytest.mark.parametrize('kind, end', [('truncated', 'close'), ('reset', 'reset')])
def test_response_ends_within_its_body(kind: str, end: str) -> None:
    failure = fail(kind)
    response = received(failure.reply)

    assert response.status == 200
    with pytest.raises(http.client.IncompleteRead) as error:
        response.read()
    assert b'<title>' in error.value.partial
    assert error.value.expected == int(response.headers['Content-Length']) - len(error.value.partial) > 0
    assert failure.end == end
    assert not replay(HTTP, [(CLIENT, GET), (BACKEND, failure.reply)]).end(BACKEND)


def test_malformed_chunk_follows_a_good_one() -> None:
    failure = fail('malformed-chunk')
    response = received(failure.reply)

    assert b'injected by vaurien' in response.read1()
    with pytest.raises(http.client.IncompleteRead):
        response.read()
    assert failure.end == 'close'
    assert replay(HTTP, [(CLIENT, GET), (BACKEND, failure.reply)]).opaque[BACKEND]


def test_empty_response_closes_without_a_byte() -> None:
    assert fail('empty-response') == Failure(b'', end='close')
    with pytest.raises(http.client.RemoteDisconnected):
        received(b'')


def test_slow_headers_come_byte_by_byte() -> None:
    failure = fail('slow-headers')

    assert received(failure.reply).status == 503
    assert failure.reply.endswith(b'\r\n\r\n')
    assert 10 < failure.pause * len(failure.reply) < 60


#: kinds that a response to such a request cannot have
MISSING = {
    'GET': (GET, set()), 'HTTP/1.0': (request('GET', version='1.0'), {'malformed-chunk'}),
    'HEAD': (HEAD, {'truncated', 'malformed-chunk', 'reset', 'half-reply'}),
    'CONNECT': (CONNECT, {'truncated', 'malformed-chunk', 'reset', 'half-reply'}),
}


@pytest.mark.parametrize('asked, missing', MISSING.values(), ids=MISSING)
def test_kind_occurs_only_where_its_response_can_be_told_from_a_good_one(asked: bytes, missing: set[str]) -> None:
    dialogue = replay(HTTP, [(CLIENT, asked)])

    assert {kind for kind in ALL if not dialogue.protocol.fits(kind, dialogue.exchanges[0])} == missing


def test_responses_are_not_spoilt() -> None:
    protocol = HTTP({})
    protocol.session = FakeSession()
    assert not protocol.spoils()
    assert protocol.session.faults == []
