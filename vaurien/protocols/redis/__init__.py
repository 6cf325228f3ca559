"""The Redis protocol, RESP2 and RESP3: commands, their replies, and how a Redis server fails.

The source is the "Redis serialization protocol specification". Bytes and exchanges; knows no stream.
"""
from collections.abc import Mapping
from typing import Any

from .. import Protocol
from ..answers import Answer
from ..base import Exchange
from .answers import read_reply
from .commands import LOGIN
from .effects import EFFECTS
from .failures import KINDS, NEEDS
from .requests import Requests
from .responses import Responses
from .shapes import shape
from .state import BEYOND, BITS, ROLE, UNLOSABLE, Conversation, State


@Protocol.register
class Redis(Conversation):
    """Speaks Redis: each command can be late, refused or lost by itself, in pipelines, transactions and subscriptions.

    Commands are named as they were sent, with their first argument: ``SET key``. RESP2, RESP3 and commands as lines of text
    are understood. A connection that no longer is a sequence of commands and replies is relayed unread: MONITOR,
    replication, the Lua debugger, and a transaction that subscribes or switches replies off.
    """

    name = 'redis'
    framers = Requests, Responses
    shape = staticmethod(shape)
    digits_alike = True
    errors = KINDS
    effects = EFFECTS
    undrawn = frozenset((BEYOND,))

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        self.state = State()    #: what the commands have changed; the framers need it when they are made
        super().__init__(settings)

    def fits(self, kind: str, exchange: Exchange) -> bool:
        if self.errors[kind].only_named and exchange.note and exchange.note[ROLE] in UNLOSABLE:
            return False
        needs = NEEDS.get(kind, 0)
        return super().fits(kind, exchange) and (not needs or bool(exchange.note[BITS] & needs))

    def reusable(self) -> bool:
        return super().reusable() and self.state.clean and self.state.usual

    def answer(self, exchange: Exchange, head: bytes, tail: bytes) -> Answer:
        return read_reply(head)

    def secret(self, exchange: Exchange) -> bool:
        return bool(exchange.note[BITS] & LOGIN)
