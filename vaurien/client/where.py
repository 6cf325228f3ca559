"""Where the control server is: what a user says, what the environment says, or where it is by itself. Asks nobody."""
import os
from urllib.parse import urlsplit

from ..address import CONTROL_VARIABLE
from ..errors import ConfigError

DEFAULT_HOST, DEFAULT_PORT = 'localhost', 8080  #: where nothing else is said
DEFAULT_CONTROL = f'http://{DEFAULT_HOST}:{DEFAULT_PORT}'


def find_control(text: str | None = None, option: str = 'control') -> tuple[str, int]:
    """Return host and port of the control server.

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
        fits = url.scheme == 'http' and url.path in ('', '/') and not url.query and url.username is None
    except ValueError:
        fits = False
    if not fits or not host:
        raise ConfigError(option, text, f'such as {DEFAULT_CONTROL}')
    return host, DEFAULT_PORT if port is None else port
