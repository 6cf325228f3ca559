"""Heads of HTTP as they leave where they are edited, and backend connections that may be used again."""
import pytest

from tests.support.framing import BACKEND, CLIENT, Dialogue, Slicer, Turn, randomly, replay, single_bytes, whole
from vaurien.protocols.base import Exchange
from vaurien.protocols.http import HTTP
from vaurien.protocols.http.headers import redirected

from .messages import CHUNKED, EARLY, GET, OK, POST, SWITCHED, UPGRADE, answer, request


def leaving(asked: bytes, answered: bytes, slicer: Slicer = whole, backend: str = '',
            **settings: object) -> tuple[bytes, bytes]:
    """Return what leaves to the backend and to the client, heads edited as they pass."""
    dialogue = Dialogue(HTTP, **settings)
    protocol, left = dialogue.protocol, {CLIENT: b'', BACKEND: b''}
    if backend:
        protocol.session.backend_name = backend
    current: Exchange | None = None
    for sender, data in ((CLIENT, asked), (BACKEND, answered)):
        cutter = dialogue.cutter(sender)
        for piece in slicer(data):
            start = 0
            for end, exchange, done in cutter.cut(piece):
                part = cutter.data[start:end]
                if exchange is not None and exchange is not current:
                    if protocol.editing:
                        part = protocol.edit(exchange, part, sender == CLIENT)
                    if sender == CLIENT:
                        protocol.asked(exchange)
                left[sender] += part
                start, current = end, None if done else exchange
                if done and sender == BACKEND and exchange is not None:
                    protocol.answered(exchange)
        left[sender] += cutter.held
    return left[CLIENT], left[BACKEND]


SLICERS = pytest.mark.parametrize('slicer', [whole, single_bytes, randomly(3)], ids=['whole', 'single', 'random'])


@SLICERS
def test_nothing_is_edited_unless_asked_for(slicer: Slicer) -> None:
    assert leaving(GET + POST, OK + OK, slicer) == (GET + POST, OK + OK)
    assert not Dialogue(HTTP).protocol.editing


@SLICERS
def test_host_becomes_the_backend_and_nothing_else_changes(slicer: Slicer) -> None:
    asked = b'POST / HTTP/1.1\r\nA: Host: x\r\nhOST:a:80\r\nContent-Length: 9\r\n\r\nHost: a\r\n' + GET
    expected = asked.replace(b'hOST:a:80', b'Host: backend.test:80')
    expected = expected.replace(b'\nHost: a\r\n\r', b'\nHost: backend.test:80\r\n\r')

    assert leaving(asked, EARLY + OK + OK, slicer, overwrite_host_header=True) == (expected, EARLY + OK + OK)


@pytest.mark.parametrize('lines', [b'', b'Host: a\r\nHost: b\r\n', b'Host: b\r\n'])
def test_there_is_exactly_one_host_afterwards(lines: bytes) -> None:
    asked, _ = leaving(b'GET / HTTP/1.1\r\n' + lines + b'X: y\r\n\r\n', b'', overwrite_host_header=True)

    assert asked == b'GET / HTTP/1.1\r\nHost: backend.test:80\r\nX: y\r\n\r\n'


def test_backend_on_a_unix_socket_is_called_localhost() -> None:
    asked, _ = leaving(GET, b'', overwrite_host_header=True, backend='unix:/run/a.sock')

    assert asked == b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'


@SLICERS
def test_without_keep_alive_both_headers_say_that_the_connection_ends(slicer: Slicer) -> None:
    asked = request('POST', 'Connection: keep-alive, TE', 'Content-Length: 2', body=b'ab')
    answered = CHUNKED + b'2\r\nok\r\n0\r\n\r\n'

    to_backend, to_client = leaving(asked, EARLY + answered, slicer, keep_alive=False)
    assert to_backend == request('POST', 'Connection: te, close', 'Content-Length: 2', body=b'ab')
    assert to_client == EARLY + b'HTTP/1.1 200 OK\r\nConnection: close' + answered[len(b'HTTP/1.1 200 OK'):]


def test_without_keep_alive_the_session_ends_after_the_response() -> None:
    dialogue = replay(HTTP, [(CLIENT, GET), (BACKEND, EARLY)], keep_alive=False)
    exchange, = dialogue.exchanges
    assert not exchange.closes

    dialogue.feed(BACKEND, OK)
    assert exchange.closes
    assert not replay(HTTP, [(CLIENT, GET), (BACKEND, OK)]).exchanges[0].closes


def test_without_keep_alive_an_upgrade_is_asked_for_as_it_was_and_lives_on() -> None:
    assert leaving(UPGRADE, SWITCHED, keep_alive=False) == (UPGRADE, SWITCHED)
    assert not replay(HTTP, [(CLIENT, UPGRADE), (BACKEND, SWITCHED)], keep_alive=False).exchanges[0].closes


def test_without_keep_alive_an_upgrade_that_is_refused_ends() -> None:
    assert leaving(UPGRADE, OK, keep_alive=False) == (UPGRADE, OK.replace(b'OK', b'OK\r\nConnection: close'))
    assert replay(HTTP, [(CLIENT, UPGRADE), (BACKEND, OK)], keep_alive=False).exchanges[0].closes


# -- the backend connection, for another client


@pytest.mark.parametrize('said, good', [
    ([], True), ([(CLIENT, GET), (BACKEND, OK)], True), ([(CLIENT, GET)], False), ([(CLIENT, b'GE')], False),
    ([(CLIENT, POST[:-1])], False), ([(CLIENT, GET), (BACKEND, OK[:-1])], False),
    ([(CLIENT, GET), (BACKEND, answer(200, 'Content-Length: 0', 'Connection: close'))], False),
    ([(CLIENT, request('GET', 'Connection: close')), (BACKEND, OK)], False),
    ([(CLIENT, request('GET', version='1.0')), (BACKEND, OK)], False), ([(CLIENT, GET), (BACKEND, OK + b'HT')], False),
    ([(CLIENT, UPGRADE), (BACKEND, SWITCHED)], False), ([(CLIENT, b'\0')], False),
    ([(CLIENT, GET), (BACKEND, answer(408, 'Content-Length: 0') + OK[:-1])], False),
])
def test_backend_connection_is_reused_only_where_both_peers_would_go_on(said: list[Turn], good: bool) -> None:
    assert replay(HTTP, said).protocol.reusable() is good


@SLICERS
@pytest.mark.parametrize('location, leaves', [
    (b'http://backend.test:80/a?b=http://backend.test/', b'http://p:8000/a?b=http://backend.test/'),
    (b'http://Backend.TEST', b'http://p:8000'),
    (b'//backend.test/x', b'//p:8000/x'),
    (b'/x', b'/x'),
    (b'http://backend.test:81/x', b'http://backend.test:81/x'),
    (b'https://backend.test/x', b'https://backend.test/x'),
    (b'http://backend.test.example/x', b'http://backend.test.example/x'),
])
def test_a_redirect_to_the_backend_leads_to_the_proxy(slicer: Slicer, location: bytes, leaves: bytes) -> None:
    answered = b'HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n'
    asked, got = leaving(b'GET / HTTP/1.1\r\nHost: p:8000\r\n\r\n', EARLY + answered % location, slicer,
                         rewrite_redirects=True, overwrite_host_header=True)
    assert (asked, got) == (b'GET / HTTP/1.1\r\nHost: backend.test:80\r\n\r\n', EARLY + answered % leaves)


def test_a_redirect_stays_as_it_is_where_the_client_has_said_no_host() -> None:
    answered = b'HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: http://backend.test/\r\n\r\n'
    assert leaving(b'GET / HTTP/1.0\r\n\r\n', answered, rewrite_redirects=True)[1] == answered


@pytest.mark.parametrize('location, leaves', [
    (b'https://api.example/x', b'https://p:8443/x'), (b'https://api.example:443', b'https://p:8443'),
    (b'//api.example/', b'//p:8443/'),
    (b'http://api.example/x', b'http://api.example/x'), (b'https://api.example:444/', b'https://api.example:444/'),
])
def test_a_redirect_inside_tls_leads_to_the_proxy_where_it_stays_inside(location: bytes, leaves: bytes) -> None:
    headers = b'HTTP/1.1 301 Moved\r\nLocation: %s\r\n\r\n'
    assert redirected(headers % location, b'api.example:443', b'p:8443') == headers % leaves
