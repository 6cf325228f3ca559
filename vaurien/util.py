"""Where vaurien 1.x had ``start_proxy`` and ``stop_proxy``; they are in ``vaurien`` now, and this place says so."""
import warnings
from importlib import import_module
from typing import Any

MOVED = ('start_proxy', 'stop_proxy')


def __getattr__(name: str) -> Any:
    if name not in MOVED:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    warnings.warn(f'vaurien.util.{name} is vaurien.{name} now', DeprecationWarning, stacklevel=2)
    return getattr(import_module('vaurien'), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *MOVED})
