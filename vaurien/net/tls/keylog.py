"""The file that the secrets of TLS connections are written into, so that Wireshark can read what was captured; off by default.

The format is the one of SSLKEYLOGFILE, which OpenSSL writes. Opens no socket.
"""
import os
import ssl
import stat
from typing import NoReturn

from ...errors import ConfigError

MODE = 0o600    #: of the file: its owner alone reads it
FORM = 'a file that can be written'


class KeyLog:
    """Where secrets go.

    Attributes:
        path: The file; empty: nothing is written.
    """

    def __init__(self) -> None:
        self.path = ''

    def open(self, path: str, option: str = 'tls_keylog') -> None:
        """Let all contexts that are made from now on write into a file, after what there is in it.

        Args:
            path: The file; arguments and errors as for ``check``.
            option: How the user knows it.
        """
        check(path, option)
        self.path = os.path.abspath(path)

    def attach(self, context: ssl.SSLContext) -> None:
        """Let the connections of a context write, if any do.

        Raises:
            ConfigError: The file cannot be written any more.
        """
        if self.path:
            try:
                context.keylog_filename = self.path
            except OSError as error:
                refuse('tls_keylog', self.path, str(error.strerror))

    def close(self) -> None:
        """Let contexts that are made from now on write nothing."""
        self.path = ''


def check(path: str, option: str = 'tls_keylog') -> None:
    """Make the file where there is none, and see to it that its owner alone may read it.

    Args:
        path: The file.
        option: How the user knows it; it goes into the message.

    Raises:
        ConfigError: It cannot be written, or is no regular file.
    """
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC, MODE)
    except (OSError, ValueError) as error:
        refuse(option, path, getattr(error, 'strerror', None) or str(error))
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            refuse(option, path, 'it is no regular file')
        os.fchmod(fd, MODE)
    except OSError as error:
        refuse(option, path, str(error.strerror))
    finally:
        os.close(fd)


def refuse(option: str, path: str, reason: str) -> NoReturn:
    """Raise what a file that cannot be used is refused with.

    Raises:
        ConfigError: Always.
    """
    raise ConfigError(option, path, f'{FORM}, but: {reason}')


keylog = KeyLog()   #: the one of this process
