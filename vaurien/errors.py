"""The exceptions that vaurien raises. This file imports nothing of vaurien and knows no other part.

::

    VaurienError
    ├── ConfigError (also ValueError)      a value that a user gave: option, value, reason
    │   └── UnknownPluginError             a name that no plugin has: kind, name, known
    ├── RegistrationError                  a plugin class that cannot be used as it is
    ├── BackendError                       the backend could not be reached: address, reason
    ├── UnusedFaultError                   a test asked for a fault that never was applied
    └── ProtocolError                      bytes that a framer cannot follow

Errors of sockets stay ``OSError``.
"""
from collections.abc import Iterable

MAX_SHOWN = 200     #: [characters] of a value that a message shows
PRIVATE = 'PRIVATE KEY-----'    #: before what no message shows


def shown(value: object) -> str:
    """Write a value for a message, and only the beginning of a long one; nothing of a private key, given in place of its file."""
    text = repr(value)
    before, key, _ = text.partition(PRIVATE)
    if key:
        return f'{before}{key}...'
    return text if len(text) <= MAX_SHOWN else f'{text[:MAX_SHOWN]}...'


def nearest(word: str, names: Iterable[str]) -> str:
    """Return the name that looks most like a word, in any case of its letters; empty: none looks like it."""
    from difflib import get_close_matches  # needed by few, and slow to import
    lower: dict[str, str] = {}
    for name in sorted(names):
        lower.setdefault(name.lower(), name)
    near = get_close_matches(word.lower(), lower, 1)
    return lower[near[0]] if near else ''


def meant(word: object, names: Iterable[str]) -> str:
    """Return a question for the end of a message, by the name that looks most like a word; empty: none looks like it."""
    near = nearest(word, names) if isinstance(word, str) else ''
    return f'; did you mean {near}?' if near else ''


class VaurienError(Exception):
    """Base of all exceptions made by vaurien."""


class ConfigError(VaurienError, ValueError):
    """A value that a user gave is not acceptable; nothing has been changed.

    Args:
        option: The option as the user wrote it: a flag, an INI key or a JSON key.
        value: The refused value.
        reason: What is expected instead, readable after "expected".
    """

    def __init__(self, option: str, value: object, reason: str) -> None:
        super().__init__(option, value, reason)
        self.option, self.value, self.reason = option, value, reason

    def __str__(self) -> str:
        return f'{self.option}: {shown(self.value)} is not valid, expected {self.reason}'


class UnknownPluginError(ConfigError):
    """No plugin of this kind has this name.

    Args:
        kind: What was looked for: ``behavior``, ``protocol`` or ``toxic``.
        name: The name that is not known.
        known: The names that are.
    """

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        super().__init__(kind, name, f'one of {", ".join(self.known)}')
        self.args = kind, name, self.known  # what it is made of again where it is copied or pickled

    def __str__(self) -> str:
        known = self.reason.replace('one of', 'known:', 1) + meant(self.name, self.known)
        return f'the {shown(self.name)} {self.kind} does not exist, {known}'


class RegistrationError(VaurienError):
    """A plugin class cannot be registered; the message says what is wrong with it."""


class BackendError(VaurienError):
    """The backend could not be reached.

    Args:
        address: The backend as the user wrote it.
        reason: What the system said.
        code: The number of its error, ``ETIMEDOUT`` where vaurien waits no longer; negative: of the look-up of a name. 0: none.
    """

    def __init__(self, address: object, reason: object, code: int = 0) -> None:
        super().__init__(address, reason, code)
        self.address, self.reason, self.code = address, reason, code

    def __str__(self) -> str:
        return f'backend {self.address} cannot be reached: {self.reason}'


class UnusedFaultError(VaurienError):
    """A test asked for a fault that was certain to be applied, and never was; the message says why."""


class UnusedFaultWarning(UserWarning):
    """A test asked for a fault that was likely to be applied, and never was."""


class ProtocolError(VaurienError):
    """Bytes that a framer cannot follow; the session is relayed unread from there on."""


def cannot_listen(who: str, where: str, error: OSError) -> OSError:
    """Return in words who cannot listen where."""
    return OSError(error.errno, error.strerror or str(error), f'{who} cannot listen on {where}')


def in_words(error: BaseException) -> str:
    """Say in one sentence what has gone wrong; of an error of the system, with the name of the file."""
    if isinstance(error, OSError):
        return (f'{error.filename}: ' if error.filename else '') + str(error.strerror or error)
    return str(error) if isinstance(error, VaurienError) else repr(error)


def of_tls(error: Exception) -> str:
    """Say in half a sentence why a handshake or a connection of TLS has failed.

    Args:
        error: An ``OSError``; those of ``ssl`` are known by what they have, since there are Pythons without that.
    """
    if getattr(error, 'verify_message', ''):
        return f'certificate verify failed: {error.verify_message}'     # type: ignore[attr-defined]
    if type(error).__name__ == 'SSLEOFError':
        return 'the connection was closed in the midst of it'
    if getattr(error, 'library', '') and getattr(error, 'reason', ''):
        return str(error.reason).replace('_', ' ').lower()  # type: ignore[attr-defined]
    return str(getattr(error, 'strerror', None) or error)
