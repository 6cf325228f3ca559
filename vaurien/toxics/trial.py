"""One object of a toxic on nothing at all, so that a class that cannot be made is found out before a session meets it."""
from collections.abc import Mapping
from random import Random
from typing import Any

from .base import TOXICS, Toxic


class NoDirection:
    """A direction that no bytes pass and that never ends."""

    def __init__(self) -> None:
        self.random = Random(0)

    def close(self) -> None:
        """End nothing."""

    def reset(self) -> None:
        """Reset nothing."""


def try_to_make(cls: type[Toxic], settings: Mapping[str, Any]) -> None:
    """Make an object of a class, and forget it.

    Raises:
        RegistrationError: It cannot be made; the message names it.
    """
    TOXICS.make(cls, dict(settings), NoDirection(), {})
