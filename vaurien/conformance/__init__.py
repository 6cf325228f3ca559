"""Checks that a plugin keeps what its contract says, for the tests of plugin authors and our own.

Each check runs the class with streams made of bytes. It raises ``AssertionError`` with one line that names the class and the
rule; a class that cannot even be registered raises ``RegistrationError``.
"""
from .behaviors import check_behavior
from .fakes import FakeSession, FakeStream, Relay
from .protocols import check_protocol
from .toxics import check_toxic

__all__ = ['FakeSession', 'FakeStream', 'Relay', 'check_behavior', 'check_protocol', 'check_toxic']
