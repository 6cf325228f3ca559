"""Where the control server is: what a user says, what the environment says, or where it is by itself. Asks nobody."""
import os
from typing import NamedTuple
from urllib.parse import urlsplit

from ..address import CONTROL_VARIABLE
from ..errors import ConfigError

DEFAULT_HOST, DEFAULT_PORT = 'localhost', 8080  #: where nothing else is said
DEFAULT_CONTROL = f'http://{DEFAULT_HOST}:{DEFAULT_PORT}'
SCHEMES = ('http', 'https')     #: in the order of whether it speaks TLS


class Control(NamedTuple):
    """Where a control server is.

    Args:
        host: A name or an address.
        port: Its port.
        tls: Whether it speaks TLS.
    """

    host: str
    port: int
    tls: bool = False


def find_control(text: str | None = None, option: str = 'control') -> Control:
    """Return where the control server is.

    Args:
        text: A URL, or host and port; None: that of ``VAURIEN_CONTROL``, else ``http://localhost:8080``.
        option: How the user knows the text; it goes into the message.

    Raises:
        ConfigError: The text, or that of the environment, is neither.
    """
    if text is None:
        text, option = os.environ.get(CONTROL_VARIABLE) or DEFAULT_CONTROL, CONTROL_VARIABLE
    try:
        url = urlsplit(text if '://' in text else f'http://{text}')
        host, port = url.hostname, url.port
        fits = url.scheme in SCHEMES and url.path in ('', '/') and not url.query and url.username is None
    except ValueError:
        fits = False
    if not fits or not host:
        raise ConfigError(option, text, f'such as {DEFAULT_CONTROL}, or https://')
    return Control(host, DEFAULT_PORT if port is None else port, url.scheme == 'https')
