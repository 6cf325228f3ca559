"""The toxics that vaurien has, the base class of all, and the registry that others are found in."""
from .bandwidth import Bandwidth
from .base import TOXICS, Timed, Toxic
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

__all__ = ['TOXICS', 'Timed', 'Toxic']

for _cls in (Bandwidth, Corrupt, Latency, LimitData, LimitTime, Noop, PacketLoss, ResetPeer, Slicer, SlowClose, SlowOpen,
             Timeout):
    TOXICS.register(_cls)
