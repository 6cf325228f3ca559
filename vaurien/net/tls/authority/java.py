"""A store of authorities as Java reads it: PKCS#12, each entry marked as trusted. Opens no file."""
import warnings

PASSWORD = 'vaurien'    #: of a store that has no secret; Java before 18 reads none without one


def make_store(bundle: bytes) -> bytes:
    """Make a store; empty: the library that makes certificates is too old for it (before 45).

    Args:
        bundle: The certificates, in PEM.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
    serialize = getattr(pkcs12, 'serialize_java_truststore', None)
    if serialize is None:
        return b''
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')     # some that systems trust have a serial number that none should have
        found = x509.load_pem_x509_certificates(bundle)
    entries = [pkcs12.PKCS12Certificate(certificate, str(number).encode()) for number, certificate in enumerate(found)]
    return bytes(serialize(entries, BestAvailableEncryption(PASSWORD.encode())))


def options(path: str) -> tuple[str, ...]:
    """Return what tells Java of a store."""
    return (f'-Djavax.net.ssl.trustStore={path}', f'-Djavax.net.ssl.trustStorePassword={PASSWORD}',
            '-Djavax.net.ssl.trustStoreType=PKCS12')
