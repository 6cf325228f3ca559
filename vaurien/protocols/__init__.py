"""The protocols that vaurien speaks, and where others are registered."""
from typing import Any

from ..registry import Registry
from .base import COMMON, BaseProtocol


def _malformed(cls: Any) -> str | None:
    if not issubclass(cls, BaseProtocol):
        return 'it does not derive from vaurien.protocols.base.BaseProtocol'
    if cls._handle is BaseProtocol._handle:
        return 'it has no method _handle(self, source, dest, to_backend)'
    return None


Protocol: Registry[BaseProtocol] = Registry('protocol', 'vaurien.protocols', _malformed, COMMON)

from . import http, memcache, mysql, postgres, redis, smtp, tcp  # noqa: E402, F401 - they register themselves
