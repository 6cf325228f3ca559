"""The process beside vaurien that is the command's parent: it starts the command, passes signals on and leaves nothing behind."""
from .process import READ_BYTES, Keeper, Lines

__all__ = ['READ_BYTES', 'Keeper', 'Lines']
