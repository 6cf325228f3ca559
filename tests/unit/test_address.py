"""Addresses as users write them: every form, every mistake, and back to text."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaurien.address import Address, check_binding, is_loopback, join, parse_address, parse_backend
from vaurien.errors import ConfigError

VALID = [
    ('localhost:8000', Address('localhost', 8000)),
    ('127.0.0.1:0', Address('127.0.0.1', 0)),
    (':8000', Address('', 8000)),
    ('[::1]:80', Address('::1', 80)),
    ('[fe80::1%eth0]:80', Address('fe80::1%eth0', 80)),
    ('[::ffff:10.0.0.1]:65535', Address('::ffff:10.0.0.1', 65535)),
    ('a-b_c.example:1', Address('a-b_c.example', 1)),
    ('bücher.example:443', Address('bücher.example', 443)),
    ('unix:/tmp/a b.sock', Address('/tmp/a b.sock', None)),
    ('unix:relative', Address('relative', None)),
    ('unix:/with:colon', Address('/with:colon', None)),
]
INVALID = [
    '', ':', 'localhost', '8000', 'localhost:', 'localhost:http', 'localhost:-1', 'localhost:+1', 'localhost: 1',
    'localhost:65536', 'localhost:1_0', 'localhost:000080', 'localhost:' + '9' * 5000, 'localhost:٣', 'localhost:²',
    '::1:80', '::1', '[::1]', '[::1]80', '[]:80', '[localhost]:80', '[127.0.0.1]:80', '[::1:80', '::1]:80', '[[::1]]:80',
    '[::g]:80', '[fe80::1%]:80', '[fe80::1%a b]:80', '[::1%a/b]:80',
    'local host:80', ' localhost:80', 'localhost:80 ', 'localhost:80\n', 'local\nhost:80', 'local\x00host:80',
    'http://localhost:80', 'localhost:80/', 'user@localhost:80', '"localhost":80', "'localhost':80",
    'unix:', 'unix:/tmp/\x00', 'unix:/tmp/\n',
]


@pytest.mark.parametrize('text, address', VALID)
def test_an_address_is_read(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize('text, address', VALID)
def test_an_address_is_written_as_it_was_read(text, address):
    assert str(address) == text


@pytest.mark.parametrize('text', INVALID)
@pytest.mark.parametrize('parse', [parse_address, parse_backend])
def test_what_is_no_address_is_refused(parse, text):
    with pytest.raises(ConfigError, match='--proxy: .* is not valid, expected HOST:PORT') as caught:
        parse(text, '--proxy')
    assert caught.value.value == text
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('value', [None, 80, b'localhost:80', ['localhost', 80], {}])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(ConfigError):
        parse_address(value)


@pytest.mark.parametrize('text', [':80', 'localhost:0', '[::1]:0'])
def test_one_can_listen_where_one_cannot_connect(text):
    assert str(parse_address(text)) == text
    with pytest.raises(ConfigError, match='with a host and a port from 1 to 65535'):
        parse_backend(text, '--backend')


def test_leading_zeros_of_a_port_do_not_count():
    assert parse_address('localhost:00080').port == 80


def test_only_a_path_is_a_unix_address():
    assert parse_address('unix:/a').unix
    assert not parse_address('localhost:0').unix


@given(st.text())
def test_any_text_is_an_address_that_writes_itself_or_is_refused(text):
    try:
        address = parse_address(text)
    except ConfigError:
        return
    assert parse_address(str(address)) == address


@pytest.mark.parametrize('host, expected', [
    ('localhost', True), ('127.0.0.1', True), ('127.8.9.10', True), ('::1', True),
    ('', False), ('0.0.0.0', False), ('::', False), ('10.0.0.1', False), ('localhost.evil.example', False),
    ('127.evil.example', False), ('::1.evil', False), ('127.1', False),
])
def test_only_what_surely_stays_on_this_machine_is_loopback(host, expected):
    assert is_loopback(host) is expected


@pytest.mark.parametrize('host, written', [('localhost', 'localhost:1'), ('::1', '[::1]:1'), ('[::1]', '[::1]:1'), ('', ':1')])
def test_host_and_port_are_written_as_one_text(host, written):
    assert join(host, 1) == written


@pytest.mark.parametrize('host, token', [('127.0.0.1', ''), ('::1', ''), ('0.0.0.0', 'secret')])
def test_what_stays_on_this_machine_or_has_a_token_may_be_steered(host, token):
    check_binding(host, token)


def test_without_a_token_no_other_machine_may_steer():
    with pytest.raises(ConfigError, match='--http-host: .* expected localhost, .* or beside it --http-token .* or --http-allow '):
        check_binding('0.0.0.0', '', '--http-host')
