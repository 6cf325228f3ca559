"""The protocols that vaurien speaks, and where others are registered."""
from typing import Any

from ..registry import Registry, wrong_constructor
from .base import COMMON, BaseProtocol
from .classic import adapt

#: where those are that come with vaurien; each registers itself
OWN = {
    'grpc': 'vaurien.protocols.http:GRPC',
    'http': 'vaurien.protocols.http:HTTP',
    'memcache': 'vaurien.protocols.memcache:Memcache',
    'mysql': 'vaurien.protocols.mysql:MySQL',
    'postgres': 'vaurien.protocols.postgres:PostgreSQL',
    'redis': 'vaurien.protocols.redis:Redis',
    'smtp': 'vaurien.protocols.smtp:SMTP',
    'tcp': 'vaurien.protocols.tcp:TCP',
}


def _malformed(cls: Any) -> str | None:
    if not issubclass(cls, BaseProtocol):
        return 'it does not derive from vaurien.protocols.base.BaseProtocol'
    if cls._handle is BaseProtocol._handle:
        return 'it has no method _handle(self, source, dest, to_backend)'
    if not hasattr(cls.errors, 'items'):
        return f'its errors are {cls.errors!r}, expected a mapping'
    return wrong_constructor(cls, BaseProtocol)


Protocol: Registry[BaseProtocol] = Registry('protocol', 'vaurien.protocols', _malformed, COMMON, adapt,
                                            'vaurien.protocols.base.BaseProtocol', OWN)
