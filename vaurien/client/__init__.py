"""The HTTP API of a running vaurien, for Python.

Needs nothing but the standard library.
"""
from .client import MAIN, PAGE_SIZE, Client, Fault
from .http import RefusedError, UnreachableError
from .where import DEFAULT_CONTROL, Control, find_control

__all__ = ['DEFAULT_CONTROL', 'MAIN', 'PAGE_SIZE', 'Client', 'Control', 'Fault', 'RefusedError', 'UnreachableError',
           'find_control']
