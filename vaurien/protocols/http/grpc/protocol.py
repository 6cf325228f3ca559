"""The protocol object that behaviors get for one call of gRPC. Knows no frame."""
from collections.abc import Mapping
from typing import ClassVar

from ...base import Exchange
from ...message import FailureKind, MessageProtocol
from ..h2.protocol import StreamProtocol
from ..headers import CALL
from .failures import ERRORS


def named(errors: Mapping[str, FailureKind]) -> dict[str, FailureKind]:
    """Return kinds that come only by their names."""
    return {name: kind._replace(only_named=True) for name, kind in errors.items()}


class CallProtocol(StreamProtocol):
    """That of one call: what is drawn at random is what gRPC has."""

    errors: ClassVar[Mapping[str, FailureKind]] = {**named(StreamProtocol.errors), **ERRORS}


def protocol_of(parent: MessageProtocol, exchange: Exchange) -> StreamProtocol:
    """Make the one for an exchange."""
    return (CallProtocol if exchange.stage == CALL else StreamProtocol)(parent, exchange)
