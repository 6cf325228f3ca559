"""The behaviors that vaurien has, and where others are registered."""
from ..registry import Registry
from .abort import Abort
from .blackout import Blackout
from .classic import adapt, malformed
from .delay import Delay
from .dribble import Dribble
from .dummy import COMMON, Dummy
from .edit import Edit
from .error import Error
from .hang import Hang
from .transient import Transient

Behavior: Registry[Dummy] = Registry('behavior', 'vaurien.behaviors', malformed, COMMON, adapt,
                                     'vaurien.behaviors.dummy.Dummy')
for _cls in (Abort, Blackout, Delay, Dribble, Dummy, Edit, Error, Hang, Transient):
    Behavior.register(_cls)
