"""Where the control server is looked for: what is said wins over the environment, and that over where it is by itself."""
import pytest

from vaurien.client import Client, find_control
from vaurien.errors import ConfigError


@pytest.mark.parametrize('text, found', [
    ('http://localhost:8080', ('localhost', 8080, False)), ('http://localhost:9/', ('localhost', 9, False)),
    ('http://box', ('box', 8080, False)), ('localhost', ('localhost', 8080, False)), ('localhost:9', ('localhost', 9, False)),
    ('http://[::1]:9', ('::1', 9, False)), ('[::1]', ('::1', 8080, False)), ('HTTP://Box:9', ('box', 9, False)),
    ('https://box', ('box', 8080, True)), ('HTTPS://[::1]:9/', ('::1', 9, True)),
])
def test_a_host_is_a_url_or_host_and_port(text, found):
    assert find_control(text) == found


@pytest.mark.parametrize('text', ['', 'http://', 'https://', 'https://localhost/x', 'ftp://localhost', 'http://localhost:port',
                                  'localhost:99999', 'http://localhost/behavior', 'http://localhost?x=1', 'http://me@localhost', 'http://[::1'])
def test_a_host_that_is_neither_is_refused(text):
    with pytest.raises(ConfigError, match='^--host: '):
        find_control(text, '--host')


def test_nothing_said_is_what_the_environment_says(monkeypatch):
    monkeypatch.delenv('VAURIEN_CONTROL', raising=False)
    assert find_control() == ('localhost', 8080, False)
    monkeypatch.setenv('VAURIEN_CONTROL', '')
    assert find_control() == ('localhost', 8080, False)
    monkeypatch.setenv('VAURIEN_CONTROL', 'http://[::1]:9')
    assert find_control() == ('::1', 9, False)
    assert find_control('box:7') == ('box', 7, False)


def test_an_environment_that_is_wrong_is_named(monkeypatch):
    monkeypatch.setenv('VAURIEN_CONTROL', 'ftp://box')
    said = "^VAURIEN_CONTROL: 'ftp://box' is not valid, expected such as http://localhost:8080, or https://$"
    with pytest.raises(ConfigError, match=said):
        find_control()


@pytest.mark.parametrize('said, address', [({}, 'box:9'), ({'host': 'other'}, 'other:9'), ({'port': 7}, 'box:7'),
                                           ({'host': 'other', 'port': 7}, 'other:7')])
def test_a_client_is_told_by_the_environment_what_it_is_not_told(monkeypatch, said, address):
    monkeypatch.setenv('VAURIEN_CONTROL', 'http://box:9')
    assert Client(**said).channel.address == address


def test_a_client_that_is_told_all_asks_no_environment(monkeypatch):
    monkeypatch.setenv('VAURIEN_CONTROL', 'nonsense://')
    assert Client('box', 7).channel.address == 'box:7'


@pytest.mark.parametrize('environ, said, scheme', [
    ('http://box:9', {}, 'http'), ('https://box:9', {}, 'https'), ('https://box:9', {'host': 'other'}, 'https'),
    ('https://box:9', {'host': 'other', 'port': 7}, 'http'), ('https://box:9', {'tls': False}, 'http'),
    ('http://box:9', {'tls': True}, 'https'), ('', {'host': 'other', 'port': 7, 'cacert': ''}, 'https')])
def test_a_client_speaks_tls_where_that_is_said(monkeypatch, environ, said, scheme):
    monkeypatch.setenv('VAURIEN_CONTROL', environ)
    assert Client(**said).channel.url.partition(':')[0] == scheme
