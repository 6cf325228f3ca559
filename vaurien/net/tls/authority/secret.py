"""Bytes that nobody else may read: a key for ``ssl``, which wants a file, and a file that is private from its first moment."""
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
PROC = '/proc/self/fd'      #: where Linux gives open files a path


def load(context: ssl.SSLContext, chain: bytes, key: bytes) -> None:
    """Let a context show a certificate.

    Args:
        context: The context.
        chain: The certificate, and those between it and its root, in PEM.
        key: Its key, in PEM.
    """
    with path_of(key + chain) as path:
        context.load_cert_chain(path)


@contextmanager
def path_of(data: bytes) -> Iterator[str]:
    """Give a path under which bytes can be read meanwhile: on Linux they are in memory, elsewhere in a private file."""
    if hasattr(os, 'memfd_create') and os.path.isdir(PROC):
        number = os.memfd_create('vaurien', os.MFD_CLOEXEC)
        try:
            os.write(number, data)
            yield f'{PROC}/{number}'
        finally:
            os.close(number)
        return
    number, path = tempfile.mkstemp(prefix='vaurien-')      # 0600 from the beginning
    try:
        with os.fdopen(number, 'wb') as file:
            file.write(data)
        yield path
    finally:
        with suppress(OSError):
            os.unlink(path)


def write(path: Path, data: bytes) -> None:
    """Write a new file that nobody else can read, at no moment.

    Raises:
        OSError: It is there already, or cannot be written.
    """
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, 'O_NOFOLLOW', 0), PRIVATE_FILE)
    with os.fdopen(number, 'wb') as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
