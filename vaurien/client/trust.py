"""Whose certificates a client believes. Opens no socket."""
import os
import ssl

from ..address import CACERT_VARIABLE
from ..errors import ConfigError, of_tls

FORM = 'a file with certificates of authorities in PEM'


def trusting(cacert: str | None) -> ssl.SSLContext:
    """Make the context of a client.

    Args:
        cacert: The file of the authorities that are trusted; None: that of ``VAURIEN_CACERT``, else those of the system.

    Raises:
        ConfigError: The file cannot be used.
    """
    path = os.environ.get(CACERT_VARIABLE) if cacert is None else cacert
    try:
        return ssl.create_default_context(cafile=path or None)
    except (OSError, ValueError) as error:
        reason = 'it is no PEM' if isinstance(error, ssl.SSLError) else getattr(error, 'strerror', None) or str(error)
        raise ConfigError(CACERT_VARIABLE if cacert is None else 'cacert', path, f'{FORM}; {reason}') from None


def reason_of(error: Exception) -> str:
    """Say why TLS with a control server has failed; empty: that is not what has."""
    if not isinstance(error, ssl.SSLError):
        return ''
    return 'it does not speak TLS' if error.reason == 'WRONG_VERSION_NUMBER' else of_tls(error)
