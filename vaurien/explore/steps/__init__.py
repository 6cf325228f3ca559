"""The steps: baseline, the runs of a level, confirmation."""
from .confirming import Confirming
from .given import Given
from .growing import Growing
from .levels import PAIRS, Level, plan_level, take_baseline

__all__ = ['PAIRS', 'Confirming', 'Given', 'Growing', 'Level', 'plan_level', 'take_baseline']
