"""The command ``vaurien``: a process from its command line to its end."""
from .command import main

__all__ = ['main']
