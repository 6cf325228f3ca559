"""What programs are told to trust: all that they trust now, and one authority more."""
import ssl

import pytest

from tests.support.tls import authority
from vaurien.net.tls.authority import roots
from vaurien.net.tls.authority.roots import ADDED_VARIABLES, BUNDLE_VARIABLES, make_bundle, system_files, variables
from vaurien.net.tls.validity import certificates

OURS, THEIRS = authority().cert_pem.bytes(), authority().create_child_ca().cert_pem.bytes()
SYSTEM = authority().create_child_ca().cert_pem.bytes()


@pytest.fixture(autouse=True)
def system(tmp_path, monkeypatch):
    """A system that trusts one authority."""
    path = tmp_path / 'system.pem'
    path.write_bytes(SYSTEM)
    monkeypatch.setattr(roots, 'system_files', lambda: [str(path)])
    return path


def written(path, data):
    path.write_bytes(data)
    return str(path)


def test_the_bundle_is_what_the_system_trusts_and_one_more():
    assert make_bundle(OURS, {}) == (SYSTEM_AND_OURS, [])


SYSTEM_AND_OURS = ''.join(map(ssl.DER_cert_to_PEM_cert, certificates(SYSTEM + OURS))).encode()


@pytest.mark.parametrize('name, expected', [
    ('SSL_CERT_FILE', (THEIRS, OURS)),                  # which OpenSSL reads in the place of the system's
    ('REQUESTS_CA_BUNDLE', (THEIRS, SYSTEM, OURS)), ('NODE_EXTRA_CA_CERTS', (THEIRS, SYSTEM, OURS)),
])
def test_what_the_environment_names_stays_trusted(tmp_path, name, expected):
    bundle, notes = make_bundle(OURS, {name: written(tmp_path / 'theirs.pem', THEIRS)})
    assert (certificates(bundle), notes) == (certificates(b''.join(expected)), [])


def test_a_bundle_that_is_named_already_stays_as_it_is_and_one_that_was_removed_is_no_matter(tmp_path):
    bundle, _ = make_bundle(OURS, {'REQUESTS_CA_BUNDLE': written(tmp_path / 'theirs.pem', THEIRS)})
    path = written(tmp_path / 'bundle.pem', bundle)
    environ = variables(written(tmp_path / 'ca.pem', OURS), path, {})
    again, _ = make_bundle(OURS, environ, path)
    assert set(certificates(again)) == set(certificates(bundle))
    (tmp_path / 'bundle.pem').unlink()
    bundle, notes = make_bundle(OURS, environ, path)
    assert (set(certificates(bundle)), notes) == (set(certificates(SYSTEM_AND_OURS)), [])


@pytest.mark.parametrize('data, words', [
    (b'nothing', 'it is no PEM'),
    (b'-----BEGIN CERTIFICATE-----\n=\n-----END CERTIFICATE-----', 'base64'), (None, 'No such file'),
], ids=['text', 'damaged', 'missing'])
def test_what_cannot_be_read_is_warned_of_once(tmp_path, data, words):
    path = str(tmp_path / 'theirs.pem')
    if data is not None:
        written(tmp_path / 'theirs.pem', data)
    bundle, notes = make_bundle(OURS, {'SSL_CERT_FILE': path, 'CURL_CA_BUNDLE': path})
    assert bundle == SYSTEM_AND_OURS
    assert len(notes) == 1
    assert notes[0].startswith(f'SSL_CERT_FILE: {path!r}')
    assert words in notes[0]


def test_a_system_that_trusts_nobody_is_warned_of(monkeypatch):
    monkeypatch.setattr(roots, 'system_files', list)
    bundle, notes = make_bundle(OURS, {})
    assert certificates(bundle) == certificates(OURS)
    assert notes == ['no authorities of the system were found: beside its own certificate the bundle has none']


def test_the_system_has_files(monkeypatch):
    monkeypatch.undo()
    assert system_files()


def test_each_variable_names_the_bundle_or_the_certificate_alone_where_it_is_for_what_is_added():
    found = variables('ca.pem', 'bundle.pem', {'DENO_CERT': 'other.pem', 'NODE_EXTRA_CA_CERTS': 'ca.pem'})
    assert {found[name] for name in BUNDLE_VARIABLES} == {'bundle.pem'}
    assert {name: found[name] for name in ADDED_VARIABLES} == {'NODE_EXTRA_CA_CERTS': 'ca.pem', 'DENO_CERT': 'bundle.pem'}


def test_a_system_that_has_a_folder_of_authorities_and_no_file_is_read_too(tmp_path, monkeypatch):
    monkeypatch.undo()
    folder = tmp_path / 'certs'
    folder.mkdir()
    for name in ('b.pem', 'a.crt', 'readme.txt', '0123abcd.0'):
        (folder / name).write_bytes(THEIRS)
    paths = ssl.get_default_verify_paths()._replace(openssl_cafile=str(tmp_path / 'missing'), openssl_capath=str(folder))
    monkeypatch.setattr(roots.ssl, 'get_default_verify_paths', lambda: paths)
    monkeypatch.setattr(roots, 'SYSTEM_FILES', ())
    assert system_files() == [str(folder / name) for name in ('0123abcd.0', 'a.crt', 'b.pem')]
    folder.rename(tmp_path / 'elsewhere')
    assert system_files() == []
