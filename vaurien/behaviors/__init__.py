"""The behaviors that vaurien has, and where others are registered."""
from ..registry import Registry
from .classic import adapt, malformed
from .dummy import COMMON, Dummy

#: where those are that come with vaurien
OWN = {
    'abort': 'vaurien.behaviors.abort:Abort',
    'blackout': 'vaurien.behaviors.blackout:Blackout',
    'delay': 'vaurien.behaviors.delay:Delay',
    'dribble': 'vaurien.behaviors.dribble:Dribble',
    'dummy': 'vaurien.behaviors.dummy:Dummy',
    'edit': 'vaurien.behaviors.edit:Edit',
    'error': 'vaurien.behaviors.error:Error',
    'hang': 'vaurien.behaviors.hang:Hang',
    'transient': 'vaurien.behaviors.transient:Transient',
}
Behavior: Registry[Dummy] = Registry('behavior', 'vaurien.behaviors', malformed, COMMON, adapt,
                                     'vaurien.behaviors.dummy.Dummy', OWN)
