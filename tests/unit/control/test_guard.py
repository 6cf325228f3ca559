"""Who may steer: by Host, Origin and token, as a table of header fields."""
import pytest

from tests.support.control_client import Steering, read_all, steering
from tests.support.hosting import hosted, spec_for
from tests.unit.control.wire import fields
from vaurien.address import Address
from vaurien.control.app import ControlServer
from vaurien.control.guard import own_hosts
from vaurien.errors import ConfigError
from vaurien.proxies.fleet import Fleet

TOKEN = 'sésame opens'
BEARER = 'Bearer ' + TOKEN.encode().decode('latin-1')
SPEC = spec_for('127.0.0.1:9')


@pytest.fixture
def server():
    with steering(SPEC) as running:
        yield running


@pytest.fixture
def secured():
    with steering(SPEC, token=TOKEN) as running:
        yield running


def status(server, path='/behavior', **given):
    """Return the status of a request with these header fields; PORT stands for the real port."""
    head = fields({name: value.replace('PORT', str(server.port)) for name, value in given.items()})
    answer = server.send(b'GET %b HTTP/1.1\r\n%bConnection: close\r\n\r\n' % (path.encode(), head))
    return int(answer.split(b' ', 2)[1])


@pytest.mark.parametrize('path', ['/behavior', '/v1/proxies', '/metrics', '/health', '/nowhere'])
@pytest.mark.parametrize('host', ['localhost', 'localhost:80', 'evil.example', 'evil.example:PORT', 'localhost:PORT.evil.example',
                                  'localhost.:PORT', '127.0.0.1', '127.0.0.2:PORT', '[::1]', '0.0.0.0:PORT', ''])
def test_a_foreign_host_is_refused(server, path, host):
    assert status(server, path, Host=host) == 403


def test_no_host_at_all_is_refused(server):
    assert status(server) == 403


def test_two_hosts_are_refused(server):
    head = b'GET /behavior HTTP/1.1\r\nHost: localhost:%d\r\nHost: evil.example\r\nConnection: close\r\n\r\n' % server.port
    assert server.send(head).startswith(b'HTTP/1.1 403 ')


@pytest.mark.parametrize('host', ['localhost:PORT', 'LOCALHOST:PORT', '127.0.0.1:PORT', '[::1]:PORT'])
def test_the_servers_own_names_are_let_in(server, host):
    assert status(server, Host=host) == 200


@pytest.mark.parametrize('origin', ['http://evil.example', 'http://evil.example:PORT', 'null', '', 'https://localhost:PORT',
                                    'http://localhost', 'http://localhost:80', 'http://127.0.0.1:PORT'])
def test_a_foreign_origin_is_refused(server, origin):
    assert status(server, Host='localhost:PORT', Origin=origin) == 403


def test_the_servers_own_origin_is_let_in(server):
    assert status(server, Host='localhost:PORT', Origin='http://localhost:PORT') == 200


@pytest.mark.parametrize('path', ['/behavior', '/v1/proxies', '/metrics', '/health', '/nowhere', '/v1/openapi.json'])
@pytest.mark.parametrize('given', [None, '', 'Bearer', 'Bearer ', 'Bearer wrong', f'Basic {TOKEN}', TOKEN, f'{BEARER}x',
                                   'Bearer \x00\xff'])
def test_a_wrong_token_is_refused(secured, path, given):
    answer = secured.ask('GET', path, headers={} if given is None else {'Authorization': given.encode()})
    assert (answer.status, answer.headers['www-authenticate']) == (401, 'Bearer realm="vaurien"')


@pytest.mark.parametrize('given', [BEARER, BEARER.replace('Bearer', 'bearer'), BEARER.replace(' ', '   ', 1)])
def test_the_token_is_let_in(secured, given):
    assert secured.ask('GET', '/behavior', headers={'Authorization': given}).status == 200


def test_a_wrong_token_changes_nothing(secured):
    answer = secured.ask('PUT', '/behavior', {'name': 'hang'})
    assert (answer.status, answer.json['status']) == (401, 'error')
    assert str(secured.host.proxy.chaos) == 'dummy'


def test_a_foreign_host_is_refused_whatever_token_it_has(secured):
    assert status(secured, Host='evil.example', Authorization=BEARER) == 403


# -- where it listens

@pytest.mark.parametrize('host', ['0.0.0.0', '::', '192.0.2.1', 'example.com', ''])
def test_another_address_needs_a_token(host):
    with pytest.raises(ConfigError) as caught:
        ControlServer(Fleet(1), host, 0)
    assert caught.value.option == 'http_host'
    assert '--http-token' in str(caught.value)
    assert '--http-allow' in str(caught.value)
    assert '\n' not in str(caught.value)


def test_all_addresses_have_names_that_are_not_known(secured):
    with hosted(SPEC) as host:
        server = Steering(host, TOKEN, '0.0.0.0')
        try:
            assert status(server, Host='vaurien.example:8080', Authorization=BEARER) == 200
            assert status(server, Host='vaurien.example:8080') == 401
            assert status(server, Host='vaurien:1', Authorization=BEARER, Origin='http://evil.example') == 403
        finally:
            server.close()


@pytest.fixture
def opened():
    """A server that listens at all addresses, for the networks and names that it was told."""
    with steering(SPEC, at='0.0.0.0', allow=('172.16.0.0/12', 'toxiproxy')) as running:
        yield running


@pytest.mark.parametrize('host', ['toxiproxy:PORT', 'TOXIPROXY:8474', 'toxiproxy', 'localhost:PORT', 'localhost:49153',
                                  '10.0.0.5:8474', '127.0.0.1:1', '[::1]:PORT', '[fd00::5]:8474'])
def test_names_that_are_allowed_and_numbers_are_let_in_at_any_port(opened, host):
    assert status(opened, path='/proxies', Host=host) == 200


@pytest.mark.parametrize('host', ['evil.example', 'toxiproxy.evil.example:PORT', 'localhost.evil.example', 'evil.toxiproxy',
                                  'toxiproxy.', '10.0.0.5.evil.example', '1.2.3', 'toxiproxy:PORT:1', ''])
def test_a_page_under_a_name_of_its_own_is_refused_where_others_may_connect_too(opened, host):
    assert status(opened, path='/proxies', Host=host) == 403


@pytest.mark.parametrize('origin', ['http://evil.example', 'http://localhost:3000', 'http://toxiproxy', 'null'])
def test_a_foreign_origin_is_refused_where_others_may_connect_too(opened, origin):
    assert status(opened, Host='toxiproxy:8474', Origin=origin) == 403


def test_who_comes_from_elsewhere_is_refused_unread_and_the_log_says_so(opened, monkeypatch, caplog):
    monkeypatch.setattr('vaurien.words.allowed.Allowed.welcomes', lambda self, client: False)     # there is no other machine here
    with opened.connect() as sock:      # no byte is sent
        answer = read_all(sock)
    assert answer.startswith(b'HTTP/1.1 403 Forbidden\r\n')
    assert answer.endswith(b'this address may not connect (--http-allow)\n')
    assert 'the control server refuses 127.0.0.1, which --http-allow does not name' in caplog.text


def test_a_token_is_needed_where_there_is_one_no_matter_who_may_connect():
    with steering(SPEC, token=TOKEN, at='0.0.0.0', allow=('172.16.0.0/12',)) as server:
        assert status(server, Host='localhost:1') == 401
        assert status(server, Host='localhost:1', Authorization=BEARER) == 200
        assert status(server, Host='vaurien.example', Authorization=BEARER) == 403


def test_a_name_alone_lets_nobody_else_connect():
    with pytest.raises(ConfigError):
        ControlServer(Fleet(1), '0.0.0.0', 0, allow=('toxiproxy',))
    with steering(SPEC, allow=('staging.example',)) as server:
        assert status(server, Host='staging.example:PORT') == 200
        assert status(server, Host='evil.example:PORT') == 403


def test_port_80_goes_without_saying():
    assert {'localhost', 'localhost:80', '[::1]', '10.0.0.1'} < own_hosts('10.0.0.1', Address('10.0.0.1', 80))
    assert 'localhost' not in own_hosts('localhost', Address('127.0.0.1', 81))
    assert own_hosts('box', Address('10.0.0.1', 81)) > {'box:81', '10.0.0.1:81'}
