"""From a command line and INI files to specs.

Starts nothing, opens no socket.
"""
from .builder import Configuration, configure

__all__ = ['Configuration', 'configure']
