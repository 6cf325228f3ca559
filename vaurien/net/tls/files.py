"""The files that a user gives for TLS, checked when they are given: contexts that have taken them. Opens no socket."""
import os
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from .validity import certificates, validity

MAX_FILE_BYTES = 8 * 1024 * 1024    #: [bytes] of a file of certificates; those of all authorities of a system have some 250 KB
CERTIFICATE, KEY, AUTHORITIES = 'a file with a certificate in PEM', 'a file with a private key in PEM', \
    'a file with certificates of authorities in PEM'


def state_of(path: str) -> tuple[int, ...]:
    """Return what changes where a file is another one or is written again."""
    with suppress(OSError, ValueError):
        found = os.stat(path)
        return found.st_ino, found.st_size, found.st_mtime_ns
    return ()


def read_pem(option: str, path: str, what: str) -> bytes:
    """Read a file.

    Args:
        option: How the user knows the file; it goes into the message.
        path: The file.
        what: What it should be.

    Raises:
        ConfigError: It cannot be read, or is no PEM.
    """
    try:
        with Path(path).open('rb') as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(option, path, f'{what}, but: {getattr(error, "strerror", None) or error}') from None
    if b'-----BEGIN ' not in data or len(data) > MAX_FILE_BYTES:
        raise ConfigError(option, path, f'{what}; it is no PEM')
    return data


def check_certificate(option: str, path: str) -> None:
    """Refuse a file whose first certificate is not valid now.

    Raises:
        ConfigError: It is not, or there is none.
    """
    data = read_pem(option, path, CERTIFICATE)
    try:
        found = [validity(der) for der in certificates(data)]
    except ValueError as error:
        raise ConfigError(option, path, f'{CERTIFICATE}; {error}') from None
    if not found:
        raise ConfigError(option, path, f'{CERTIFICATE}; there is none in it')
    wrong = found[0].wrong_at(datetime.now(UTC))
    if wrong:
        raise ConfigError(option, path, f'a certificate that is valid; this one is {wrong}')


def load_certificate(context: ssl.SSLContext, option: str, certificate: str, key: str) -> None:
    """Let a context show a certificate.

    Args:
        context: The context.
        option: The name of the certificate's option, ``tls_cert`` say; that of the key ends in ``key``.
        certificate: Its file, with those of the authorities between it and the root after it.
        key: The file of its key; empty: it is in the same file.

    Raises:
        ConfigError: A file cannot be used.
    """
    key_option = option.removesuffix('cert') + 'key' if key else option
    check_certificate(option, certificate)
    if b'PRIVATE KEY-----' not in read_pem(key_option, key or certificate, KEY):
        raise ConfigError(key_option, key or certificate, f'{KEY}; there is none in it')

    def password() -> Any:
        raise ConfigError(key_option, key or certificate, 'a key that is not encrypted')
    try:
        context.load_cert_chain(certificate, key or None, password)
    except ssl.SSLError as error:
        if error.reason == 'KEY_VALUES_MISMATCH':
            raise ConfigError(key_option, key or certificate, f'the key of the certificate {certificate}') from None
        raise ConfigError(key_option, key or certificate, f'a key and a certificate that can be used: {said(error)}') from None


def load_authorities(context: ssl.SSLContext, option: str, path: str) -> None:
    """Let a context trust the authorities of a file, and no others.

    Raises:
        ConfigError: It cannot be used, or none of its certificates is valid now.
    """
    data = read_pem(option, path, AUTHORITIES)
    try:
        found, now = [validity(der) for der in certificates(data)], datetime.now(UTC)
        if not found:
            raise ValueError('there is none in it')
        if all(entry.wrong_at(now) for entry in found):
            raise ValueError(f'the first is {found[0].wrong_at(now)}')
        context.load_verify_locations(cadata='\n'.join(map(ssl.DER_cert_to_PEM_cert, certificates(data))))
    except ssl.SSLError as error:
        raise ConfigError(option, path, f'{AUTHORITIES}; {said(error)}') from None
    except ValueError as error:
        raise ConfigError(option, path, f'{AUTHORITIES}; {error}') from None


def said(error: ssl.SSLError) -> str:
    """Return what is wrong in the words of the library."""
    return (error.reason or str(error)).replace('_', ' ').lower()
