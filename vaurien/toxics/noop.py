"""One condition: none."""
from .base import Toxic


class Noop(Toxic):
    """Everything passes as it is."""

    name = 'noop'
