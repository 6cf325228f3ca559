"""vaurien's own HTTP API below /v1: its calls, what they take and give, its events and its description."""
from .calls import make_surface

__all__ = ['make_surface']
