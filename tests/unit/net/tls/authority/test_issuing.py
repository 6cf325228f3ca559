"""What an authority issues, as a client sees it: good certificates, and each kind that it should refuse, for the right reason."""
import ssl
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.tls import shaken
from vaurien.net.tls.authority import Authority, AuthorityError, Issuer, KeyType
from vaurien.net.tls.authority.issuing import MAX_LEAF
from vaurien.net.tls.validity import certificates, validity

PAST, FUTURE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
OURS = Authority.make()


def agreed(leaf, name='localhost', authority=OURS, ciphers=''):
    """Make a handshake in memory, and return what the client says: its version, or why it refuses."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ciphers:
        server.set_ciphers(ciphers)
    leaf.show_by(server)
    client.load_verify_locations(cadata=authority.certificate.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT       # as Python 3.13 has it
    try:
        return shaken(client, server, name).version()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message


@pytest.mark.parametrize('names, asked', [
    (['localhost'], 'localhost'), (['127.0.0.1'], '127.0.0.1'), (['::1'], '::1'), (['*.example.com'], 'api.example.com'),
    (['bücher.example'], 'bücher.example'), (['first.example', 'second.example', '10.0.0.1'], 'second.example'),
    (['a-name.' + 'long.' * 40 + 'example'], 'a-name.' + 'long.' * 40 + 'example'),
], ids=lambda value: str(value)[:30])
def test_a_leaf_is_good_for_the_names_asked(names, asked):
    assert agreed(OURS.leaf(names), asked) == 'TLSv1.3'


@pytest.mark.parametrize('fields, reason', [
    ({'names': ['other.example']}, 'Hostname mismatch'),
    ({'not_after': PAST}, 'certificate has expired'),
    ({'not_before': PAST, 'not_after': PAST + timedelta(days=1)}, 'certificate has expired'),
    ({'not_before': FUTURE}, 'certificate is not yet valid'),
    ({'issuer': Issuer.ITSELF}, 'self-signed certificate'),
    ({'issuer': Issuer.UNKNOWN}, 'self-signed certificate in certificate chain'),
    ({'issuer': Issuer.UNKNOWN, 'complete': False}, 'unable to get local issuer certificate'),
    ({'issuer': Issuer.INTERMEDIATE, 'complete': False}, 'unable to get local issuer certificate'),
    ({'issuer': Issuer.INTERMEDIATE}, 'TLSv1.3'),
    ({'key_type': KeyType.RSA}, 'TLSv1.3'),
], ids=str)
def test_a_leaf_is_refused_for_what_is_wrong_with_it(fields, reason):
    said = agreed(OURS.leaf(**{'names': ['localhost'], **fields}))
    assert said.startswith(reason)


def test_a_weak_key_is_refused():
    leaf = OURS.leaf(['localhost'], key_type=KeyType.WEAK_RSA)
    assert agreed(leaf, ciphers='DEFAULT:@SECLEVEL=0') == 'EE certificate key too weak'


@pytest.mark.parametrize('fields', [{}, {'not_before': datetime.now(UTC)}, {'not_before': FUTURE}, {'not_after': PAST}],
                         ids=['as it is', 'from now', 'from 2090', 'until 2020'])
def test_a_leaf_lasts_no_longer_than_clients_allow(fields):
    found = validity(certificates(OURS.leaf(['localhost'], **fields).chain)[0])
    assert timedelta(0) < found.end - found.begin <= MAX_LEAF


def test_a_leaf_lasts_no_longer_than_its_authority():
    short = Authority.make(lasts=timedelta(days=3))
    assert short.leaf(['localhost']).not_after == short.not_after


@pytest.mark.parametrize('name, reason', [
    ('api.example', 'TLSv1.3'), ('of.api.example', 'TLSv1.3'), ('x.wild.example', 'TLSv1.3'), ('10.1.2.3', 'TLSv1.3'),
    ('localhost', 'TLSv1.3'), ('127.0.0.1', 'TLSv1.3'), ('::1', 'TLSv1.3'),
    ('other.example', 'permitted subtree violation'), ('10.1.2.4', 'permitted subtree violation'),
    ('notapi.example', 'permitted subtree violation'),
])
def test_an_authority_of_some_names_is_believed_for_no_other(name, reason):
    constrained = Authority.make(names=['api.example', '*.wild.example', '10.1.2.3'])
    assert agreed(constrained.leaf([name]), name, constrained) == reason


def test_what_is_loaded_issues_what_is_believed_as_before():
    again = Authority.load(OURS.certificate, OURS.key)
    assert agreed(again.leaf(['localhost'])) == 'TLSv1.3'


@pytest.mark.parametrize('certificate, key, words', [
    (b'nothing', OURS.key, 'PEM'), (OURS.certificate, b'nothing', 'PEM'), (OURS.certificate, Authority.make().key, 'not that of'),
], ids=['certificate', 'key', 'of another'])
def test_what_is_damaged_is_not_loaded(certificate, key, words):
    with pytest.raises(ValueError, match=words):
        Authority.load(certificate, key)


@pytest.mark.parametrize('make', [Authority.make, lambda: Authority.load(b'', b'')], ids=['make', 'load'])
def test_without_the_extra_one_line_says_what_to_install(make, monkeypatch):
    monkeypatch.setitem(sys.modules, 'cryptography', None)
    with pytest.raises(AuthorityError, match=r'pip install "vaurien\[tls\]"') as caught:
        make()
    assert '\n' not in str(caught.value)
