"""memcached: its text protocol with the meta commands, and its binary protocol. Bytes only; knows no stream.

The first byte of a client chooses between the two for the whole connection, as in the server.
"""
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import ProtocolError
from . import Protocol
from .base import Exchange
from .memcache_binary import REQUEST, BinaryAnswers, BinaryRequests
from .memcache_kinds import KINDS, ROWS
from .memcache_text import TextAnswers, TextRequests
from .message import Framer, MessageProtocol, Part

#: what a line of text may begin with; a server takes anything else for one too, but no client begins like that
TEXT = bytes(range(32, 127)) + b'\t\r\n'


class Opening(Framer):
    """Looks at the first byte of the client, and leaves the connection to those who know what it begins."""

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        if start == len(data):
            return iter(())
        if data[start] != REQUEST and data[start:start + 1] not in TEXT:
            raise ProtocolError(f'a connection begins with {data[start]:#x}')     # as TLS does
        return self.protocol.speak(data[start] == REQUEST).scan(data, start)    # type: ignore[no-any-return]


@Protocol.register
class Memcache(MessageProtocol):
    """Speaks memcached: knows each request and its answer in both of its protocols, also those that are not answered."""

    name = 'memcache'
    framers = Opening, TextAnswers
    errors = KINDS

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        self.binary = False     #: the client speaks the binary protocol

    def speak(self, binary: bool) -> Framer:
        """Follow one of the protocols from here on; return the framer of the requests."""
        self.binary = binary
        self.requests.framer = BinaryRequests(self) if binary else TextRequests(self)
        if binary:
            self.answers.framer = BinaryAnswers(self)
        return self.requests.framer

    def fits(self, kind: str, exchange: Exchange) -> bool:
        row = ROWS.get(kind)
        return super().fits(kind, exchange) and (row is None or exchange.stage in (row.binary if self.binary else row.text))

    def reusable(self) -> bool:
        return super().reusable() and not self.binary
