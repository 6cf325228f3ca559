"""Where vaurien 1.x had ``start_proxy`` and ``stop_proxy``; they live in ``testing``."""
from .testing import start_proxy, stop_proxy

__all__ = ['start_proxy', 'stop_proxy']
