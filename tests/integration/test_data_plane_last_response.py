"""What a server has said to be its last response is the last thing that its client gets: none of vaurien's own follows it."""
from typing import NamedTuple

import pytest

from tests.integration.test_data_plane_messages import budget  # noqa: F401 - a fixture
from tests.support.hosting import hosted, spec_for
from tests.support.peers import Backend, connect, read_to_end, script
from tests.support.postgres_talk import message, query, startup


class Case(NamedTuple):
    """A pipeline of requests, the last of which vaurien fails; the backend responds to those before, and closes."""

    protocol: str
    kind: str
    passing: bytes
    failing: bytes
    match: str
    response: bytes
    greeting: bytes = b''


ONE, TWO = (b'GET /%b HTTP/1.1\r\nHost: x\r\n\r\n' % name for name in (b'one', b'two'))
REFUSED = message(b'E', b'SFATAL\0VFATAL\0C28P01\0Mno\0\0')
CASES = {
    'http, a body that the end of the connection ends': Case(
        'http', '502', ONE, TWO, 'two', b'HTTP/1.1 200 OK\r\n\r\nall of it'),
    'http, a length and a farewell': Case(
        'http', '502', ONE, TWO, 'two', b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody'),
    'http, no body and a farewell': Case('http', '502', ONE, TWO, 'two', b'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'),
    'http, chunks and a farewell': Case(
        'http', '502', ONE, TWO, 'two',
        b'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n'),
    'http, a server of HTTP/1.0': Case('http', '502', ONE, TWO, 'two', b'HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody'),
    'smtp, QUIT': Case('smtp', 'mailbox-unavailable', b'QUIT\r\n', b'VRFY two\r\n', 'two', b'221 Bye\r\n', b'220 here\r\n'),
    'smtp, a shutdown': Case(
        'smtp', 'mailbox-unavailable', b'NOOP\r\n', b'VRFY two\r\n', 'two', b'421 4.3.2 Bye\r\n', b'220 here\r\n'),
    'postgres, a refused login': Case('postgres', 'admin-shutdown', startup(user='u'), query('SELECT 2'), 'SELECT', REFUSED),
}


@pytest.mark.parametrize('case', CASES.values(), ids=CASES)
def test_no_response_follows_the_last_one(case):
    settings = {'error': {'kind': case.kind, 'match': case.match}}
    talk = script((b'', case.greeting), (case.passing, case.response))
    with Backend(talk) as backend, hosted(spec_for(backend, '100:error', protocol=case.protocol, settings=settings)) as host, \
            connect(host.port) as client:
        client.sendall(case.passing + case.failing)
        assert read_to_end(client) == case.greeting + case.response
        assert [fault.kind for fault in host.fleet.journal.since()] == [case.kind]
