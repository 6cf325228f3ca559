"""Checks that a plugin keeps what its contract says, for the tests of plugin authors and our own."""
from .protocols import FakeSession, FakeStream, Relay, check_behavior, check_protocol, check_toxic

__all__ = ['FakeSession', 'FakeStream', 'Relay', 'check_behavior', 'check_protocol', 'check_toxic']
