"""The behaviors that vaurien has, and where others are registered."""
from typing import Any

from ..registry import Registry
from .abort import Abort
from .blackout import Blackout
from .delay import Delay
from .dummy import COMMON, HOOKS, Dummy
from .error import Error
from .hang import Hang
from .transient import Transient


def _malformed(cls: Any) -> str | None:
    if not issubclass(cls, Dummy):
        return 'it does not derive from vaurien.behaviors.dummy.Dummy'
    for hook in HOOKS:
        if not callable(getattr(cls, hook, None)):
            return f'it has no method {hook}(self, protocol, source, dest, to_backend)'
    return None


Behavior: Registry[Dummy] = Registry('behavior', 'vaurien.behaviors', _malformed, COMMON)
for _cls in (Abort, Blackout, Delay, Dummy, Error, Hang, Transient):
    Behavior.register(_cls)
