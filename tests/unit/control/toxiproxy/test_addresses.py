"""Addresses as Go takes and shows them, and its words for those that it does not take."""
import errno

import pytest

from vaurien.control.toxiproxy.addresses import UNREACHABLE, GoAddressError, connecting, listen_error, listening, resolved

LISTENING = [
    ('', ':0'), (':80', ':80'), ('0.0.0.0:80', ':80'), ('[::]:80', ':80'), ('127.0.0.1:', '127.0.0.1:0'),
    ('[::1]:80', '[::1]:80'), ('localhost:00080', 'localhost:80'),
]
REFUSED = [
    ('localhost', 'address localhost: missing port in address'), ('::1:80', 'address ::1:80: too many colons in address'),
    ('localhost:http', 'lookup tcp/http: unknown port'), ('localhost:65536', 'address 65536: invalid port'),
    ('[::g]:80', 'lookup ::g: no such host'), ('a b:80', 'lookup a b: no such host'),
]
CONNECTING = [
    ('localhost:80', 'localhost:80'), (':80', 'localhost:80'), ('[::1]:80', '[::1]:80'), ('embedded', 'embedded'),
    ('unix:/tmp/s', 'unix:/tmp/s'), ('localhost:0', UNREACHABLE), ('anything', UNREACHABLE), ('host:http', UNREACHABLE),
]


@pytest.mark.parametrize('text, expected', LISTENING)
def test_where_to_listen_is_read_as_go_does(text, expected):
    assert str(listening(text)) == expected


@pytest.mark.parametrize('text, expected', REFUSED)
def test_where_nothing_can_listen_is_refused_in_the_words_of_go(text, expected):
    with pytest.raises(GoAddressError) as caught:
        listening(text)
    assert str(caught.value) == expected
    assert listen_error(text, caught.value) == f'listen tcp: {expected}'


@pytest.mark.parametrize('text, expected', CONNECTING)
def test_an_upstream_may_be_anything(text, expected):
    assert connecting(text) == expected


@pytest.mark.parametrize('text, expected', [('127.0.0.1:80', '127.0.0.1:80'), ('[::]:80', '[::]:80'), (':80', ':80'), ('', ':0')])
def test_where_a_proxy_would_listen_is_shown(text, expected):
    assert resolved(text) == expected


def test_an_address_in_use_is_told_as_go_does():
    error = OSError(errno.EADDRINUSE, 'Address already in use')
    assert listen_error('127.0.0.1:80', error) == 'listen tcp 127.0.0.1:80: bind: address already in use'
