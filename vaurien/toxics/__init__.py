"""The toxics that vaurien has, and where others are registered."""
from typing import Any

from ..registry import Registry
from .bandwidth import Bandwidth
from .base import Toxic as BaseToxic
from .corrupt import Corrupt
from .latency import Latency
from .limit_data import LimitData
from .limit_time import LimitTime
from .noop import Noop
from .packet_loss import PacketLoss
from .reset_peer import ResetPeer
from .slicer import Slicer
from .slow_close import SlowClose
from .slow_open import SlowOpen
from .timeout import Timeout


def _malformed(cls: Any) -> str | None:
    if not issubclass(cls, BaseToxic):
        return 'it is not derived from vaurien.toxics.base.Toxic'
    return None


Toxic: Registry[BaseToxic] = Registry('toxic', 'vaurien.toxics', _malformed)
for _cls in (Bandwidth, Corrupt, Latency, LimitData, LimitTime, Noop, PacketLoss, ResetPeer, Slicer, SlowClose, SlowOpen,
             Timeout):
    Toxic.register(_cls)
