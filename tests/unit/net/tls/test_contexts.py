"""Files and values of TLS: those that can be used make contexts, all others are refused when they are given."""
import shutil
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.support.tls import authority, certificates, written
from vaurien.errors import ConfigError
from vaurien.net.tls.contexts import contexts, own_names
from vaurien.spec import ProxySpec

PAST, LONG_PAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC)
FUTURE = datetime(2090, 1, 1, tzinfo=UTC)


@pytest.fixture(scope='module')
def files():
    """Files by name, good ones and others."""
    found = certificates()
    folder, leaves = found.folder, authority()
    expired = written(folder, 'expired', leaves.issue_cert('localhost', not_before=LONG_PAST, not_after=PAST))
    early = written(folder, 'early', leaves.issue_cert('localhost', not_before=FUTURE, not_after=FUTURE.replace(year=2091)))
    other = written(folder, 'other', leaves.issue_cert('localhost'))
    both, text, encrypted, empty = (folder / name for name in ('both.pem', 'text.pem', 'encrypted.pem', 'empty.pem'))
    both.write_text(Path(found.cert).read_text() + Path(found.key).read_text())
    text.write_text('this is no PEM')
    empty.write_text('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
    key = load_pem_private_key(Path(found.key).read_bytes(), None)
    encrypted.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b'secret')))
    return {'ca': found.ca, 'cert': found.cert, 'key': found.key, 'expired': expired[0], 'expired key': expired[1],
            'early': early[0], 'early key': early[1], 'other key': other[1], 'both': str(both), 'text': str(text),
            'encrypted': str(encrypted), 'empty': str(empty), 'missing': str(folder / 'missing'), 'folder': str(folder)}


def made(files, **fields):
    """Make contexts; values that are names of files become those."""
    return contexts(ProxySpec(proxy='localhost:1', **{name: files.get(value, value) for name, value in fields.items()}))


@pytest.mark.parametrize('fields, option, words', [
    ({'tls_cert': 'missing'}, 'tls_cert', 'a file with a certificate in PEM, but: No such file or directory'),
    ({'tls_cert': 'folder'}, 'tls_cert', 'Is a directory'),
    ({'tls_cert': 'text'}, 'tls_cert', 'it is no PEM'),
    ({'tls_cert': 'empty'}, 'tls_cert', 'it is no certificate'),
    ({'tls_cert': 'key'}, 'tls_cert', 'there is none in it'),
    ({'tls_cert': 'cert'}, 'tls_cert', 'a file with a private key in PEM; there is none in it'),
    ({'tls_cert': 'cert', 'tls_key': 'missing'}, 'tls_key', 'No such file or directory'),
    ({'tls_cert': 'cert', 'tls_key': 'ca'}, 'tls_key', 'there is none in it'),
    ({'tls_cert': 'cert', 'tls_key': 'other key'}, 'tls_key', 'the key of the certificate'),
    ({'tls_cert': 'cert', 'tls_key': 'encrypted'}, 'tls_key', 'a key that is not encrypted'),
    ({'tls_cert': 'expired', 'tls_key': 'expired key'}, 'tls_cert', 'this one is expired on 2020-01-01'),
    ({'tls_cert': 'early', 'tls_key': 'early key'}, 'tls_cert', 'this one is not valid before 2090-01-01'),
    ({'tls_key': 'key'}, 'tls_key', 'its certificate beside it, as tls_cert'),
    ({'tls_backend_key': 'key'}, 'tls_backend_key', 'its certificate beside it, as tls_backend_cert'),
    ({'tls_backend_cert': 'expired', 'tls_backend_key': 'expired key'}, 'tls_backend_cert', 'expired'),
    ({'tls_backend_cert': 'cert', 'tls_backend_key': 'other key'}, 'tls_backend_key', 'the key of the certificate'),
    ({'tls_client_ca': 'missing'}, 'tls_client_ca', 'No such file or directory'),
    ({'tls_client_ca': 'text'}, 'tls_client_ca', 'it is no PEM'),
    ({'tls_backend_ca': 'key'}, 'tls_backend_ca', 'there is none in it'),
    ({'tls_backend_ca': 'expired'}, 'tls_backend_ca', 'the first is expired on'),
    ({'tls_backend_ca': 'empty'}, 'tls_backend_ca', 'it is no certificate'),
    ({'tls_min': '1.1'}, 'tls_min', 'one of 1.2, 1.3'),
    ({'tls_min': '1.3', 'tls_max': '1.2'}, 'tls_min', 'at most 1.2'),
    ({'tls_server_name': '.example'}, 'tls_server_name', 'the name of a host'),
    ({'tls_server_name': 'a b'}, 'tls_server_name', 'the name of a host'),
], ids=str)
def test_what_cannot_be_used_is_refused_with_its_option_and_value(files, fields, option, words):
    with pytest.raises(ConfigError, match=words) as caught:
        made(files, **fields)
    assert caught.value.option == option
    assert caught.value.value in {files.get(value, value) for value in fields.values()}


def test_a_key_may_stand_in_the_file_of_its_certificate(files):
    made(files, tls_cert='both')
    made(files, tls_backend_cert='both')


OWN = ProxySpec(proxy='tls://localhost:8443', backend='db.example:5432')


def test_a_proxy_without_a_certificate_has_those_of_an_authority_of_vaurien(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
    found = contexts(OWN)
    assert found.leaves is not None
    assert contexts(msgspec.structs.replace(OWN, name='other', timeout=1.0)) is found   # and its clients go on with their tickets
    assert contexts(msgspec.structs.replace(OWN, backend='other.example:5432')) is not found
    shutil.rmtree(tmp_path / 'vaurien')
    assert contexts(OWN) is not found


def test_no_authority_is_made_where_none_is_needed(files, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
    assert contexts(ProxySpec(proxy='localhost:8000', backend='tls://db.example:5432')).leaves is None
    assert contexts(ProxySpec(proxy='tls://localhost:8443', tls_cert=files['both'])).leaves is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('spoil, words', [
    (lambda data, patch: patch.setitem(sys.modules, 'cryptography', None), r'pip install "vaurien\[tls\]"'),
    (lambda data, patch: data.write_text(''), 'cannot be made: Not a directory'),
], ids=['no extra', 'no folder'])
def test_a_proxy_that_speaks_tls_needs_a_certificate_or_an_authority(spoil, words, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path / 'data'))
    spoil(tmp_path / 'data', monkeypatch)
    with pytest.raises(ConfigError, match=f'a certificate beside it, as --tls-cert; without one: .*{words}') as caught:
        contexts(OWN)
    assert (caught.value.option, caught.value.value) == ('proxy', OWN.proxy)


@pytest.mark.parametrize('proxy, backend, names', [
    ('tls://localhost:1', 'db.example:2', ('localhost', '127.0.0.1', '::1', 'db.example')),
    ('tls://127.0.0.1:1', 'localhost:2', ('127.0.0.1', 'localhost', '::1')),
    ('tls://chaos.example:1', '10.0.0.1:2', ('chaos.example', '10.0.0.1')),
    ('tls://:1', 'unix:/run/db', ('localhost', '127.0.0.1', '::1')),
    ('tls://0.0.0.0:1', 'embedded', ('localhost', '127.0.0.1', '::1')),
    ('tls://localhost:1', 'no..name:2', ('localhost', '127.0.0.1', '::1')),
    ('tls://unix:/run/proxy', 'tls://[2001:db8::1]:2', ('localhost', '127.0.0.1', '::1', '2001:db8::1')),
])
def test_a_client_that_asks_for_no_name_is_shown_those_of_the_proxy_and_its_backend(proxy, backend, names):
    assert own_names(ProxySpec(proxy=proxy, backend=backend)) == names


def test_versions_and_verification_are_as_they_are_given(files):
    client, backend, *_ = made(files, tls_cert='both', tls_client_ca='ca', tls_backend_ca='ca', tls_min='1.3', tls_max='1.3')
    assert {client.minimum_version, client.maximum_version, backend.minimum_version, backend.maximum_version} == \
        {ssl.TLSVersion.TLSv1_3}
    assert (client.verify_mode, backend.verify_mode, backend.check_hostname) == (ssl.CERT_REQUIRED, ssl.CERT_REQUIRED, True)
    _, backend, *_ = made(files, tls_backend_ca='ca', tls_verify_name=False)
    assert (backend.verify_mode, backend.check_hostname) == (ssl.CERT_REQUIRED, False)
    client, backend, *_ = made(files, tls_verify=False)
    assert (client.verify_mode, backend.verify_mode, backend.check_hostname) == (ssl.CERT_NONE, ssl.CERT_NONE, False)
    assert client.minimum_version == ssl.TLSVersion.TLSv1_2


def test_contexts_are_made_once_as_long_as_files_and_values_are_the_same(files):
    before = made(files, tls_cert='both')
    assert made(files, tls_cert='both') is before
    Path(files['both']).write_text(Path(files['both']).read_text() + '\n')
    assert made(files, tls_cert='both') is not before
