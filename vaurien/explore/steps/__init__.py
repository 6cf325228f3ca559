"""The steps: baseline, the runs of a level, confirmation."""
from .confirming import Confirming
from .given import Given
from .levels import Level, plan_level, take_baseline

__all__ = ['Confirming', 'Given', 'Level', 'plan_level', 'take_baseline']
