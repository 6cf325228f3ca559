"""The contexts of a proxy that has no certificate of its own: one for each name, as many as are allowed, and anew in time."""
import ssl

import pytest

from tests.support.tls import shaken
from vaurien.net.tls.authority import Authority, leaves
from vaurien.net.tls.authority.leaves import Leaves
from vaurien.net.tls.validity import certificates

OURS = Authority.make()


def made(names=('localhost', '127.0.0.1')):
    return Leaves(OURS, lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), names)


def shown(context, name):
    """Return the certificate that a client is shown which asks for a name, and trusts the authority."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=OURS.certificate.decode())
    return shaken(client, context, name).getpeercert(binary_form=True)


@pytest.mark.parametrize('asked, verified', [('api.example', 'api.example'), ('API.Example', 'api.example'), ('', 'localhost'),
                                             ('', '127.0.0.1')])
def test_a_client_is_shown_a_certificate_for_what_it_asks(asked, verified):
    assert shown(made().context(asked), verified)


def test_the_same_name_has_the_same_context():
    found = made()
    assert found.context('api.example') is found.context('API.example')
    assert found.context('api.example') is not found.context('other.example')


def test_only_so_many_are_kept_and_those_that_were_asked_for_last(monkeypatch):
    monkeypatch.setattr(leaves, 'MAX_CONTEXTS', 2)
    found = made()
    first, second = found.context('first.example'), found.context('second.example')
    assert found.context('first.example') is first
    found.context('third.example')
    assert len(found._contexts) == 2
    assert found.context('first.example') is first
    assert found.context('second.example') is not second


def test_one_is_made_anew_long_before_its_end(monkeypatch):
    found, now = made(), leaves.monotonic()
    first = found.context('api.example')
    monkeypatch.setattr(leaves, 'monotonic', lambda: now + Leaves.RENEWED + 100)
    assert found.context('api.example') is not first


def test_a_name_that_cannot_stand_in_a_certificate_gets_that_of_the_proxy():
    assert len(certificates(made().leaf('a..' + 'ü' * 80).chain)) == 1
    assert shown(made().context('a..' + 'ü' * 80), 'localhost')
