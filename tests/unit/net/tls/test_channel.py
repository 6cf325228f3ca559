"""Which session a connection to a backend resumes: both sides in memory, as proxies have them."""
import ssl

import pytest

from tests.support.tls import client_context, server_context
from vaurien.net.tls import channel
from vaurien.net.tls.channel import open_channel

VERSIONS = {'1.2': ssl.TLSVersion.TLSv1_2, '1.3': ssl.TLSVersion.TLSv1_3}


def connection(client, server, name='localhost'):
    """Make a handshake, let the server say a byte, end the connection, and return whether a session was resumed."""
    one, other = open_channel(client, server_side=False, name=name), open_channel(server, server_side=True)
    left = {one, other}
    while left:
        for here, there in ((one, other), (other, one)):
            if here in left:
                try:
                    here.tls.do_handshake()
                    left.discard(here)
                except ssl.SSLWantReadError:
                    pass
            there.incoming.write(here.outgoing.read())
    other.tls.write(b'x')
    one.incoming.write(other.outgoing.read())
    assert one.tls.read(1) == b'x'
    channel.keep(one.tls)
    return one.tls.session_reused


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(channel, 'MIN_AGE', 0)


@pytest.mark.parametrize('version', VERSIONS)
def test_the_session_of_an_earlier_connection_is_resumed_again_and_again(version):
    client, server = client_context(), server_context(maximum_version=VERSIONS[version])
    assert [connection(client, server) for _ in range(4)] == [False, True, True, True]


def test_another_name_and_another_context_have_sessions_of_their_own():
    client, server = client_context(), server_context()
    assert not connection(client, server)
    assert not connection(client, server, '127.0.0.1')
    assert connection(client, server)
    assert not connection(client_context(), server)


def test_a_backend_that_has_forgotten_is_met_in_full_and_then_resumed_again():
    client = client_context()
    servers = [server_context(), server_context()]
    assert [connection(client, servers[number]) for number in (0, 0, 1, 1, 0, 0)] == [False, True, False, True, False, True]


def test_a_backend_that_resumes_nothing_is_not_asked_for_ever(monkeypatch):
    monkeypatch.setattr(channel, 'MAX_VAIN', 3)
    client = client_context()
    for _ in range(channel.MAX_VAIN + 2):
        connection(client, server_context())    # another one each time
    assert channel.resumable(client, 'localhost') is None


def test_there_are_only_so_many_names(monkeypatch):
    monkeypatch.setattr(channel, 'MAX_NAMES', 1)
    client, server = client_context(), server_context()
    client.check_hostname = False
    connection(client, server, 'one.example')
    connection(client, server, 'two.example')
    assert channel.resumable(client, 'one.example') is not None
    assert channel.resumable(client, 'two.example') is None


def test_one_session_serves_all_that_begin_at_the_same_time(monkeypatch):
    monkeypatch.setattr(channel, 'MIN_AGE', 1000)
    client, server = client_context(), server_context()
    assert not connection(client, server)
    first = channel.resumable(client, 'localhost')
    assert not connection(client, server_context())     # elsewhere it is not taken
    assert channel.resumable(client, 'localhost') is first
