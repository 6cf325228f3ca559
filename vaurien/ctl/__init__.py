"""The command ``vaurienctl``: asks a running vaurien, and steers it."""
from .command import main

__all__ = ['main']
