"""Protocols written for vaurien 1.x whose constructor takes nothing, made into those of today, which are given their settings."""
from collections.abc import Mapping
from typing import Any

from ..registry import derive, takes_settings
from .base import BaseProtocol


def adapt(cls: Any) -> Any:
    """Return a class of today that does what a class does; the class itself where it is one of today."""
    if takes_settings(cls, BaseProtocol):
        return cls

    def __init__(self: Any, settings: Mapping[str, Any] | None = None) -> None:
        cls.__init__(self)
        self.settings = settings if settings is not None else {}
    return derive(cls, cls, __init__=__init__)
