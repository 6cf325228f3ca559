"""The steps: baseline, the runs of a level, confirmation."""
from .confirming import Confirming
from .given import Given
from .growing import Growing
from .levels import EVERY_REQUEST, PAIRS, Level, plan_level, take_baseline

__all__ = ['EVERY_REQUEST', 'PAIRS', 'Confirming', 'Given', 'Growing', 'Level', 'plan_level', 'take_baseline']
