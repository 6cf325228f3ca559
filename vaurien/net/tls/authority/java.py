"""A store of authorities as Java reads it: PKCS#12, each entry marked as trusted. Knows no authority of its own."""
import warnings
from pathlib import Path

PASSWORD = 'vaurien'    #: of a store that has no secret; Java before 18 reads none without one


def write_store(bundle: bytes, path: Path) -> tuple[str, ...]:
    """Write a store.

    Args:
        bundle: The certificates, in PEM.
        path: The file.

    Returns:
        What tells Java of it; empty: nothing is written, as the library that makes certificates is too old for it (before 45).

    Raises:
        OSError: It cannot be written.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
    serialize = getattr(pkcs12, 'serialize_java_truststore', None)
    if serialize is None:
        return ()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')     # some that systems trust have a serial number that none should have
        found = x509.load_pem_x509_certificates(bundle)
    entries = [pkcs12.PKCS12Certificate(certificate, str(number).encode()) for number, certificate in enumerate(found)]
    path.write_bytes(serialize(entries, BestAvailableEncryption(PASSWORD.encode())))
    return f'-Djavax.net.ssl.trustStore={path}', f'-Djavax.net.ssl.trustStorePassword={PASSWORD}', \
        '-Djavax.net.ssl.trustStoreType=PKCS12'
