"""The protocols that vaurien speaks, and where others are registered."""
from typing import Any

from ..registry import Registry, wrong_constructor
from .base import COMMON, BaseProtocol
from .classic import adapt


def _malformed(cls: Any) -> str | None:
    if not issubclass(cls, BaseProtocol):
        return 'it does not derive from vaurien.protocols.base.BaseProtocol'
    if cls._handle is BaseProtocol._handle:
        return 'it has no method _handle(self, source, dest, to_backend)'
    if not hasattr(cls.errors, 'items'):
        return f'its errors are {cls.errors!r}, expected a mapping'
    return wrong_constructor(cls, BaseProtocol)


Protocol: Registry[BaseProtocol] = Registry('protocol', 'vaurien.protocols', _malformed, COMMON, adapt,
                                            'vaurien.protocols.base.BaseProtocol')

from . import http, memcache, mysql, postgres, redis, smtp, tcp  # noqa: E402, F401 - they register themselves
