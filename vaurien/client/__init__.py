"""The HTTP API of a running vaurien, for Python.

Needs nothing but the standard library.
"""
from .client import MAIN, PAGE_SIZE, Client, Fault
from .http import RefusedError, UnreachableError

__all__ = ['MAIN', 'PAGE_SIZE', 'Client', 'Fault', 'RefusedError', 'UnreachableError']
