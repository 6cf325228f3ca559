"""memcached: its text protocol with the meta commands, and its binary protocol. Bytes only; knows no stream.

The first byte of a client chooses between the two for the whole connection, as in the server.
"""
from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import ProtocolError
from .. import Protocol
from ..base import Exchange
from ..message import Framer, MessageProtocol, Part
from .binary import REQUEST, BinaryRequests, BinaryResponses
from .failures import KINDS, ROWS
from .text import TextRequests, TextResponses

#: what a line of text may begin with; a server takes anything else for one too, but no client begins like that
TEXT_STARTS = bytes(range(32, 127)) + b'\t\r\n'


class Opening(Framer['Memcache']):
    """Looks at the first byte of the client, and leaves the connection to those who know what it begins."""

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        if start == len(data):
            return iter(())
        if data[start] != REQUEST and data[start:start + 1] not in TEXT_STARTS:
            raise ProtocolError(f'a connection begins with {data[start]:#x}')     # as TLS does
        return self.protocol.speak(data[start] == REQUEST).scan(data, start)


@Protocol.register
class Memcache(MessageProtocol):
    """Speaks memcached: each request can be late, refused or lost by itself, also in a batch and where it is not answered.

    Requests are named by their command and key, ``set key``, a list of keys by all of it, ``get a b``; those of the binary
    protocol as the same ones of the text protocol. Known are text, meta commands and the binary protocol. ``watch``,
    opcodes that memcached does not know, and storage commands that are malformed are relayed unread.
    """

    name = 'memcache'
    framers = Opening, TextResponses
    errors = KINDS

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        self.binary = False     #: the client speaks the binary protocol

    def speak(self, binary: bool) -> Framer[MessageProtocol]:
        """Follow one of the protocols from here on; return the framer of the requests."""
        self.binary = binary
        if binary:
            self.answers.follow(BinaryResponses(self))
        return self.requests.follow(BinaryRequests(self) if binary else TextRequests(self))

    def fits(self, kind: str, exchange: Exchange) -> bool:
        row = ROWS.get(kind)
        return super().fits(kind, exchange) and (row is None or exchange.stage in (row.binary if self.binary else row.text))

    def reusable(self) -> bool:
        return super().reusable() and not self.binary
