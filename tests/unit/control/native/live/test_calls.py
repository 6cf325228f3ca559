"""The stream that the page lives by, over HTTP."""
import pytest

from tests.support.control_client import steering
from tests.support.hosting import eventually, spec_for
from tests.unit.control.wire import head
from vaurien.control.native.live import feed
from vaurien.control.native.live.calls import PATH


@pytest.fixture
def server():
    with steering(spec_for('127.0.0.1:9')) as running:
        yield running


def read_until(sock, text):
    data = b''
    while text not in data:
        piece = sock.recv(65536)
        assert piece, data
        data += piece
    return data


def test_it_greets_and_tells_of_each_proxy(server):
    with server.connect() as sock:
        sock.sendall(head(server.port, f'GET {PATH}'))
        data = read_until(sock, b'event: stats')
    assert data.index(b'event: hello') < data.index(b'{"changed":["default"],"gone":[]}')


def test_a_proxy_that_is_not_there_is_refused(server):
    assert server.ask('GET', f'{PATH}?proxy=nowhere').status == 404


def test_those_who_follow_are_bounded_and_forgotten_when_they_leave(server, monkeypatch):
    monkeypatch.setattr(feed, 'MAX_FOLLOWERS', 1)
    monkeypatch.setattr(feed, 'INTERVAL', 0.01)
    with server.connect() as sock:
        sock.sendall(head(server.port, f'GET {PATH}'))
        read_until(sock, b'hello')
        assert server.ask('GET', PATH).status == 503
    def free():
        with server.connect() as sock:
            sock.sendall(head(server.port, f'GET {PATH}'))
            return sock.recv(65536).startswith(b'HTTP/1.1 200')
    eventually(free)
