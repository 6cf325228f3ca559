"""The toxics that vaurien has, the base class of all, and the registry that others are found in."""
from .base import TOXICS, Timed, Toxic

__all__ = ['TOXICS', 'Timed', 'Toxic']
