"""Whom the command and the proxies of a run trust, by what the environment and the user's home say."""
import stat

import pytest

from tests.support.tls import authority
from vaurien.net.tls.authority import own_authority
from vaurien.net.tls.authority.roots import VARIABLES
from vaurien.net.tls.validity import certificates
from vaurien.options import Given
from vaurien.run.addresses import Verify
from vaurien.run.places import read_through
from vaurien.run.trust import BUNDLE, ROOTS, completed, forget, make_trust
from vaurien.spec import ProxySpec

INSIDE = {'DB': 'postgresql://db.example/app?sslmode=verify-full'}


def places(environ):
    return read_through(Given('DB', '--through'), environ).places


@pytest.fixture
def trust(monkeypatch):
    """What is trusted in an environment of which no variable names an authority, but for those that are given."""
    def make(**environ):
        return make_trust(places(INSIDE), environ)[0]
    yield make
    forget()


def test_the_command_trusts_the_runs_authority_beside_all_others(trust, tmp_path):
    theirs = tmp_path / 'theirs.pem'
    theirs.write_bytes(authority().cert_pem.bytes())
    found = trust(REQUESTS_CA_BUNDLE=str(theirs)).inside(tmp_path)
    bundle = certificates((tmp_path / BUNDLE).read_bytes())
    assert {*certificates(own_authority().certificate), *certificates(theirs.read_bytes())} < set(bundle)
    assert set(found.variables) == {*VARIABLES, 'PGCHANNELBINDING'}
    assert found.variables['SSL_CERT_FILE'] == found.authorities == str(tmp_path / BUNDLE)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir() if path != theirs} == {0o600}


def test_proxies_trust_what_the_environment_names_to_the_command_and_not_the_runs_authority(trust, tmp_path):
    theirs = tmp_path / 'theirs.pem'
    theirs.write_bytes(authority().cert_pem.bytes())
    found = trust(SSL_CERT_FILE=str(theirs)).inside(tmp_path)
    assert certificates((tmp_path / ROOTS).read_bytes()) == certificates(theirs.read_bytes())
    specs = (ProxySpec(backend='tls://db.example:1'), ProxySpec(backend='db.example:1'),
             ProxySpec(backend='tls://db.example:1', tls_backend_ca='own.pem'))
    assert [found.of_backend(spec).tls_backend_ca for spec in specs] == [str(tmp_path / ROOTS), '', 'own.pem']


def test_proxies_trust_the_system_where_the_environment_names_nobody(trust, tmp_path):
    assert trust().inside(tmp_path).of_backend(ProxySpec(backend='tls://db.example:1')).tls_backend_ca == ''


def libpq(text, **environ):
    """Return what is verified of libpq's server, and what is shown to it; None: it is spoken to without TLS."""
    environ = {'HOME': '/none', **environ, 'DB': text}
    place, = completed(read_through(Given('DB', '--through'), environ), environ).places
    return place.wish and (place.wish.verify, place.wish.ca, place.wish.cert, place.wish.key)


@pytest.mark.parametrize('text, environ, wish', [
    ('postgresql://h/db', {}, None), ('postgresql://h/db', {'PGSSLROOTCERT': '/ca'}, None),
    ('postgresql://h/db', {'PGSSLMODE': 'require'}, (Verify.NOTHING, '', '', '')),
    ('h:5432', {'PGSSLMODE': 'verify-full', 'PGSSLROOTCERT': '/ca'}, (Verify.NAME, '/ca', '', '')),
    ('postgresql://h/db?sslmode=disable', {'PGSSLMODE': 'verify-full'}, None),
    ('jdbc:postgresql://h/db', {'PGSSLMODE': 'verify-full'}, None), ('redis://h', {'PGSSLMODE': 'verify-full'}, None),
    ('postgresql://h/db?sslmode=require', {'PGSSLROOTCERT': '/ca'}, (Verify.AUTHORITY, '/ca', '', '')),
    ('postgresql://h/db?sslmode=require', {'PGSSLROOTCERT': 'system'}, (Verify.NOTHING, '', '', '')),
    ('postgresql://h/db?sslmode=require&sslrootcert=/own', {'PGSSLROOTCERT': '/ca'}, (Verify.AUTHORITY, '/own', '', '')),
    ('postgresql://h/db?sslmode=require', {'PGSSLCERT': '/c', 'PGSSLKEY': '/k'}, (Verify.NOTHING, '', '/c', '/k')),
    ('postgresql://h/db?sslmode=require', {'PGSSLCERT': '/c'}, (Verify.NOTHING, '', '', '')),
], ids=str)
def test_what_libpqs_variables_say_holds_where_the_text_says_nothing(text, environ, wish):
    assert libpq(text, **environ) == wish


def test_the_authorities_in_the_users_home_are_those_that_libpq_verifies_with(tmp_path):
    (tmp_path / '.postgresql').mkdir()
    root = tmp_path / '.postgresql' / 'root.crt'
    root.write_bytes(authority().cert_pem.bytes())
    assert libpq('postgresql://h/db?sslmode=require', HOME=str(tmp_path)) == (Verify.AUTHORITY, str(root), '', '')
