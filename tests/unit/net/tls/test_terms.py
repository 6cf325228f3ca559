"""What a proxy asks its backend for and tells its client, by what the client offers."""
import ssl

import pytest

from tests.support.tls import certificates
from vaurien.address import Address
from vaurien.net.tls.hello import ClientHello
from vaurien.net.tls.terms import Terms, make_terms, server_name
from vaurien.spec import ProxySpec

LISTEN, BACKEND = Address('localhost', 8443), Address('db.example', 5432)
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.mark.parametrize('asked, listen, backend, name', [
    ('', 'localhost', 'db.example', 'db.example'),
    ('localhost', 'localhost', 'db.example', 'db.example'),             # that is the proxy's own name
    ('chaos.example', 'chaos.example', 'db.example', 'db.example'),
    ('other.example', 'localhost', 'db.example', 'other.example'),      # one of several that the backend has
    ('localhost', 'localhost', 'localhost', 'localhost'),
    ('localhost', 'localhost', '127.0.0.1', 'localhost'),               # that is the backend's name too
    ('other.example', 'localhost', '127.0.0.1', 'other.example'),
    ('', 'localhost', '127.0.0.1', '127.0.0.1'),
    ('', 'localhost', '/run/backend', 'localhost'),
    ('other.example', 'localhost', '/run/backend', 'other.example'),
])
def test_the_backend_is_asked_for_the_name_that_the_client_asks_for_unless_it_is_the_proxys(asked, listen, backend, name):
    assert server_name(asked, listen, backend) == name


def terms(client=CONTEXT, backend=CONTEXT, name='', protocols=()):
    return Terms(client, backend, LISTEN, BACKEND, name, protocols)


def test_a_name_that_the_user_gives_wins():
    assert terms(name='its.example').backend_name(ClientHello('other.example')) == 'its.example'


@pytest.mark.parametrize('offered, protocols, passed_on', [
    (('h2', 'http/1.1'), (), ('h2', 'http/1.1')),
    (('h2', 'http/1.1'), ('http/1.1',), ('http/1.1',)),
    (('h2',), ('http/1.1',), ('h2',)),
    ((), ('http/1.1',), ()),
])
def test_the_backend_is_offered_what_the_client_offers_as_far_as_it_can_be_read(offered, protocols, passed_on):
    assert terms(protocols=protocols).offered(ClientHello('', offered)) == passed_on


@pytest.mark.parametrize('offered, protocols, chosen', [
    (('h2', 'http/1.1'), ('http/1.1', 'http/1.0', 'h2'), ('http/1.1',)), (('h2',), ('http/1.1', 'h2'), ('h2',)),
    (('h2', 'http/1.1'), (), ()),
    (('h2',), (), ('h2',)),
    (('h2', 'http/1.1'), ('http/1.1',), ('http/1.1',)),
    (('postgresql',), ('postgresql',), ('postgresql',)),
    ((), (), ()),
])
def test_where_the_backend_speaks_without_tls_the_client_is_told_what_can_be_read(offered, protocols, chosen):
    assert terms(backend=None, protocols=protocols).chosen(ClientHello('', offered), None) == chosen


def test_the_client_is_told_what_the_backend_has_chosen():
    assert terms().chosen(ClientHello('', ('h2', 'http/1.1')), 'http/1.1') == ('http/1.1',)
    assert terms().chosen(ClientHello('', ('h2', 'http/1.1')), None) == ()


def test_a_spec_says_which_sides_speak_tls():
    ours = {'tls_cert': certificates().cert, 'tls_key': certificates().key}
    sides = {('localhost:1', 'localhost:2'): None, ('tls://localhost:1', 'localhost:2'): (True, False),
             ('localhost:1', 'tls://localhost:2'): (False, True), ('tls://localhost:1', 'tls://localhost:2'): (True, True)}
    for (proxy, backend), expected in sides.items():
        found = make_terms(ProxySpec(proxy=proxy, backend=backend, **ours), LISTEN, BACKEND)
        assert (found and (found.client is not None, found.backend is not None)) == expected
