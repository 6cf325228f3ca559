"""Whom programs trust, and how they are told to trust one authority more: a bundle, and the variables that name it.

Nothing is put into the system's own store: a variable is for those programs that get it.
"""
import os
import ssl
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ....errors import ConfigError
from ..files import AUTHORITIES, read_pem
from ..validity import certificates

#: variables that name a file of authorities in PEM, and who reads them; each takes the place of what that would trust otherwise
BUNDLE_VARIABLES = {
    'SSL_CERT_FILE': 'OpenSSL, and so Python (urllib, httpx, aiohttp, redis-py), Ruby and PHP; Go; curl; uv',
    'REQUESTS_CA_BUNDLE': 'requests', 'CURL_CA_BUNDLE': 'curl, requests', 'AWS_CA_BUNDLE': "boto3, AWS's command line",
    'PGSSLROOTCERT': 'libpq, and so psql and psycopg', 'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH': 'gRPC',
    'GIT_SSL_CAINFO': 'git', 'PIP_CERT': 'pip', 'CARGO_HTTP_CAINFO': 'cargo', 'HTTPLIB2_CA_CERTS': 'httplib2',
}
#: those that name a file of authorities which are trusted beside others
ADDED_VARIABLES = {'NODE_EXTRA_CA_CERTS': 'node', 'DENO_CERT': 'Deno'}
VARIABLES = {**BUNDLE_VARIABLES, **ADDED_VARIABLES}
#: where systems have the authorities that they trust, the first that is there
SYSTEM_FILES = ('/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem',
                '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', '/etc/ssl/cert.pem')


def variables(certificate: str, bundle: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what lets programs trust an authority.

    Args:
        certificate: The file of its certificate.
        bundle: The file that has what they trust otherwise, too.
        environ: Their environment so far: where they are told of more authorities already, these are in the bundle.
    """
    added = {name: certificate if environ.get(name, '') in ('', certificate) else bundle for name in ADDED_VARIABLES}
    return {**dict.fromkeys(BUNDLE_VARIABLES, bundle), **added}


def make_bundle(certificate: bytes, environ: Mapping[str, str], own: str = '') -> tuple[bytes, list[str]]:
    """Put together what programs are to trust: what they trust now, and one authority more.

    Args:
        certificate: Of that authority, in PEM.
        environ: Their environment, whose files they trust.
        own: The file that the bundle is written to, which their environment may name already.

    Returns:
        The bundle, in PEM, with each certificate once; and what there is to warn of.
    """
    notes: list[str] = []
    found: dict[bytes, None] = {}
    named = {path: name for name in reversed(VARIABLES) if (path := environ.get(name, ''))}
    instead = False     # of what the system trusts
    for path, name in named.items():
        if path != own or os.path.exists(own):
            trusted = read(name, path, notes)
            found.update(dict.fromkeys(trusted))
            instead = instead or name == 'SSL_CERT_FILE' and bool(trusted)
    if not instead:
        for path in system_files():
            found.update(dict.fromkeys(read('the system', path, notes)))
    if not found:
        notes.append('no authorities of the system were found: beside its own certificate the bundle has none')
    found.update(dict.fromkeys(certificates(certificate)))
    return ''.join(map(ssl.DER_cert_to_PEM_cert, found)).encode(), notes


def system_files() -> list[str]:
    """Return the files of the authorities that the system trusts; empty: none was found."""
    paths = ssl.get_default_verify_paths()
    for path in (paths.openssl_cafile, *SYSTEM_FILES):
        if os.path.isfile(path):
            return [path]
    with suppress(OSError):
        return [str(path) for path in sorted(Path(paths.openssl_capath).iterdir()) if path.suffix in ('.pem', '.crt', '.0')]
    return []


def read(name: str, path: str, notes: list[str]) -> list[bytes]:
    """Return the certificates of a file; where it cannot be read a note says so."""
    try:
        return certificates(read_pem(name, path, AUTHORITIES))
    except ConfigError as error:
        notes.append(str(error))
    except ValueError as error:
        notes.append(str(ConfigError(name, path, f'{AUTHORITIES}; {error}')))
    return []
