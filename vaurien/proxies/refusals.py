"""Why the fleet refuses: a name that no proxy has, or one has already, or the end of the process. Knows no proxy."""
from collections.abc import Iterable

import msgspec

from ..errors import ConfigError, VaurienError, shown
from ..spec import ProxySpec

MAX_NAMED = 20  #: proxies that a message names


class UnknownProxyError(ConfigError):
    """No proxy of the fleet has this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        more = f' and {len(names) - MAX_NAMED} more' if len(names) > MAX_NAMED else ''
        super().__init__('proxy', name, f'one of {", ".join(names[:MAX_NAMED]) or "none: the fleet is empty"}{more}')

    def __str__(self) -> str:
        return f'the {shown(self.value)} proxy does not exist, known: {self.reason.removeprefix("one of ")}'


class NameTakenError(ConfigError):
    """A proxy of this name is there already."""

    def __init__(self, name: str) -> None:
        super().__init__('name', name, 'a name that no proxy has')

    def __str__(self) -> str:
        return f'the {self.value!r} proxy exists already'


class AlreadyPlayedError(VaurienError):
    """A scenario changes the proxies already; a second one would put back what the first one has made."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f'the scenario {shown(self.name)} is played already'


class HaltedError(VaurienError):
    """All faults are suspended: no proxy is given one until they are resumed."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f'faults are halted, and proxy {self.name} gets none until they are resumed'


class ElsewhereError(VaurienError):
    """Another process that has to make a change too refuses it; nothing has changed in any of them.

    Args:
        who: The other process.
        reason: What it says.
    """

    def __init__(self, who: str, reason: str) -> None:
        super().__init__(who, reason)
        self.who, self.reason = who, reason

    def __str__(self) -> str:
        return f'{self.who} refuses it, and nothing has changed: {self.reason}'


def without_faults(spec: ProxySpec) -> ProxySpec:
    """Return the same proxy with nothing that goes wrong."""
    return msgspec.structs.replace(spec, mix=(), toxics=()) if spec.mix or spec.toxics else spec


class StoppingError(VaurienError):
    """The process stops: its proxies change no more, and no new ones are made."""

    def __str__(self) -> str:
        return 'vaurien is stopping, and changes nothing any more'
