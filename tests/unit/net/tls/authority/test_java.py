"""The store by which Java trusts what other programs trust by a file."""
from cryptography.hazmat.primitives.serialization import pkcs12

from vaurien.net.tls.authority import Authority
from vaurien.net.tls.authority.java import PASSWORD, make_store, options


def test_a_store_has_each_certificate_of_a_bundle_and_no_key():
    bundle = b''.join(Authority.make(name).certificate for name in ('one', 'two'))
    store = pkcs12.load_pkcs12(make_store(bundle), PASSWORD.encode())
    assert (store.key, store.cert, len(store.additional_certs)) == (None, None, 2)


def test_java_is_told_where_it_is_and_how_it_is_read():
    assert options('/a/b') == ('-Djavax.net.ssl.trustStore=/a/b', f'-Djavax.net.ssl.trustStorePassword={PASSWORD}',
                               '-Djavax.net.ssl.trustStoreType=PKCS12')
