"""Texts with the addresses of backends in them: URLs, DSNs, plain ones; read, and written with other addresses."""
import re

from ...errors import ConfigError
from .dsn import read_dsn, take_apart
from .found import Found
from .pieces import UnreadableError
from .plain import read_go, read_plain
from .schemes import BY_PROTOCOL
from .tls import Verify, Wish
from .urls import is_url, read_urls

__all__ = ['Found', 'Verify', 'Wish', 'read']

#: what of a text may be shown: passwords stand behind it
SHOWN = re.compile(r'(?:[a-zA-Z][a-zA-Z0-9+.-]*:)+(?://)?')


def read(text: str, label: str, name: str, told: str = '') -> Found:
    """Find the addresses in a text.

    Args:
        text: The text.
        label: How the user knows it; it goes into the message. Nothing of the text does but its scheme: it may have passwords.
        name: What the user would write to name a protocol.
        told: The protocol that the user says; empty: that of the text.

    Raises:
        ConfigError: There is no address in it, or none that could be replaced.
    """
    try:
        return read_any(text, told)
    except UnreadableError as error:
        scheme = SHOWN.match(text)
        raise ConfigError(label, f'{scheme[0]}...' if scheme else '...', str(error).replace('{}', name)) from None


def read_any(text: str, told: str) -> Found:
    if not text.isprintable():
        raise UnreadableError('a text of one line')
    if is_url(text):
        return read_urls(text, told)
    taken = take_apart(text)
    if taken is not None:
        return read_dsn(text, taken, told, BY_PROTOCOL.get(told))
    return read_go(text, told) or read_plain(text, told)
