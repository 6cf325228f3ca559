"""From a command line and INI files to specs.

Starts nothing, opens no socket. Imports nothing until it is asked for: the tables of this folder are wanted without the rest.
"""
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .builder import Configuration, configure

__all__ = ['Configuration', 'configure']


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from . import builder
    return getattr(builder, name)
