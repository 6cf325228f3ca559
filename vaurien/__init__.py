"""A chaos TCP proxy that speaks the protocols it proxies.

Imports nothing until it is asked for.
"""
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import Client
    from .clusters.python import cluster
    from .testing import running, start_proxy, stop_proxy

__version__ = '3.0.dev0'
__all__ = ['Client', '__version__', 'cluster', 'running', 'start_proxy', 'stop_proxy']

#: where the names live
NAMES = {'Client': 'client', 'cluster': 'clusters.python', 'running': 'testing', 'start_proxy': 'testing',
         'stop_proxy': 'testing'}


def __getattr__(name: str) -> Any:
    if name not in NAMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'.{NAMES[name]}', __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *NAMES})
