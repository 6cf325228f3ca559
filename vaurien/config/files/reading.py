"""Configuration files as bytes: bounded, and where a loop runs without waiting for them. Knows no format."""
import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import ConfigError
from ...options import Given

if TYPE_CHECKING:
    from pathlib import Path  # slow to import

MAX_FILE_BYTES = 1024 * 1024   #: [bytes] of one file; a larger one is not a configuration
#: returns what is in a file, and of one that is too long one byte more than ``MAX_FILE_BYTES``
Read = Callable[['Path'], bytes]


def check_path(given: Given) -> str:
    """Return the path that a user gave, if a file can have it; standard input is none.

    Raises:
        ConfigError: It is none.
    """
    path = str(given.value)
    if path in ('', '-') or '\0' in path:
        raise ConfigError(given.label, path, 'the path of a file')
    return path


def read_first(path: 'Path') -> bytes:
    """Read a file before anything runs; a pipe too, as shells put in the place of a file: ``--config <(generate)``.

    Raises:
        OSError: It cannot be read.
    """
    with path.open('rb') as file:
        return file.read(MAX_FILE_BYTES + 1)


def read_again(path: 'Path') -> bytes:
    """Read a file while sessions are open.

    Raises:
        ConfigError: It is a pipe or the like: that would have to be waited for.
        OSError: It cannot be read.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 'rb') as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ConfigError('file', str(path), 'a regular file, which can be read again')
        return file.read(MAX_FILE_BYTES + 1)
