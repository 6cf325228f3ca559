"""The base of all behaviors. Knows a protocol and two streams by their verbs, and nothing of sessions."""
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import ConfigError, nearest
from ..options import MAX_LISTED, Option, options_of, settle
from ..words.matching import MAX_NODES, MAX_PATTERN, Matcher, Searched, compile_bounded


def pattern(value: Any) -> Matcher | None:
    """Compile a regular expression that is searched in a request's name, case-insensitively; empty: none."""
    if isinstance(value, re.Pattern | Searched):
        return value
    if not isinstance(value, str):
        raise ValueError(value)
    return compile_bounded(value) if value else None


pattern.expected = (f'a regular expression of at most {MAX_PATTERN} characters, of at most {MAX_NODES} '  # type: ignore[attr-defined]
                    'where it repeats something, and then without look-around and back references')

MAX_NEAR = 3    #: kinds that a message names which look like the one that there is not
#: what every behavior can be told
COMMON: dict[str, Option] = {
    'match': Option("Regular expression searched in the request's name, in capitals or not; other requests are left alone",
                    pattern, None),
}


class Dummy:
    """Nothing happens: everything passes as it is.

    The base of all behaviors. A subclass gives a ``name``, may declare ``options``, and overrides one or both hooks.

    Args:
        settings: Values by option name; what is missing has its default.

    Raises:
        ConfigError: A value does not fit.
    """

    name: ClassVar[str] = 'dummy'
    options: ClassVar[Mapping[str, Any]] = {}
    #: the hooks never wait and may run in the event loop's callback
    inline: ClassVar[bool] = True
    #: all that the hooks would wait for is what ``pause`` returns: they are called after it, and never wait themselves
    pauses: ClassVar[bool] = False
    #: once an exchange is marked as ``met``, neither hook does anything to it: they need not be called
    once: ClassVar[bool] = False
    #: the hooks themselves tell what was injected; False: every exchange drawn for it counts as a fault
    reports: ClassVar[bool] = False

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        self.settings = settle(options_of(type(self), COMMON), settings or {})
        match = self.settings['match']
        self.match: Matcher | None = None if match is None else pattern(match)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if 'inline' not in cls.__dict__ and _overrides(cls):
            cls.inline = False  # promises nothing, so it may wait
        for promise, methods in PROMISES.items():
            if promise not in cls.__dict__:
                like: Any = next(base for base in cls.__mro__ if promise in base.__dict__)  # whose promise it is
                kept = all(getattr(cls, name) is getattr(like, name) for name in methods)
                setattr(cls, promise, getattr(like, promise) and kept)

    @classmethod
    def transparent(cls) -> bool:
        """Return whether it can do nothing at all: neither hook is overridden."""
        return not _overrides(cls)

    def option(self, name: str) -> Any:
        """Return the value of an option.

        Raises:
            KeyError: The behavior declares no such option.
        """
        return self.settings[name]

    def update_settings(self, settings: Mapping[str, Any]) -> None:
        """Give some options other values. In 1.x a behavior was told its settings by this; one that overrides it still is."""
        self.settings.update(settings)

    def suit(self, protocol: Any) -> None:
        """Check the settings against a protocol's class.

        Raises:
            ConfigError: They cannot work with this protocol.
        """

    def pause(self, protocol: Any, exchange: Any, to_backend: bool) -> float:
        """Return for how long a message waits before ``on_before_handle`` is called [s]; asked once more after that, it says 0.

        Args:
            protocol: The protocol object of the session.
            exchange: What the message belongs to.
            to_backend: True for a request, False for a response.
        """
        return 0.0

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        """Act before a message, or as much of it as has arrived, is handed on.

        Args:
            protocol: The protocol object of the session.
            source: The stream that the message came from; ``recv`` returns it.
            dest: The other stream.
            to_backend: True for a request, False for a response.

        Returns:
            False: it is not handed on; what was not read of it is dropped.
        """
        return True

    def on_after_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        """Act after a message was handed on, whatever happened then. The returned value is not used."""
        return True


HOOKS = ('on_before_handle', 'on_after_handle')
#: what a class promises, and the methods that it goes by: a subclass that overrides one of them promises nothing
PROMISES = {'pauses': HOOKS, 'once': (*HOOKS, 'pause')}


def _overrides(cls: type) -> bool:
    return any(getattr(cls, hook) is not getattr(Dummy, hook) for hook in HOOKS)


def unsuitable(kind: str, protocol: Any) -> ConfigError:
    """Make the error for a kind that a protocol does not have.

    It ends with all names, and nothing else, or, where these are too many for a line, with the command that lists them.
    """
    names = sorted(protocol.errors)
    of_tls = nearest(kind, protocol.kinds_of_tls)
    if not names and not of_tls:
        return ConfigError('kind', kind, f'nothing: {protocol.name} has no kinds of its own')
    near = nearest(kind, [*names, *protocol.tables]) or of_tls
    near = near or nearest(kind, (code for row in protocol.errors.values() for code in row.codes))
    there = names or sorted(protocol.kinds_of_tls)
    if len(there) > MAX_LISTED:
        some = [near] if near else []
        while some and len(some) < MAX_NEAR and (more := nearest(kind, {*names, *protocol.tables} - {*some})):
            some.append(more)
        meant = f'{" or ".join(some)}, or another ' if some else ''
        return ConfigError('kind', kind, f'{meant}one of the kinds of {protocol.name}: see vaurien help {protocol.name}')
    meant = f'{near}, or another ' if near else ''
    return ConfigError('kind', kind, f'{meant}one of the kinds of {protocol.name}: {", ".join(there)}')


DUMMY = Dummy()     #: what is drawn where nothing else is; shared, since it has no state
