"""The protocols of memcached, text with the meta commands and binary, and how memcached fails.

Bytes only; knows no stream.

The first byte of a client chooses between the two for the whole connection, as it does in the server.
"""
from collections.abc import Iterator

from ...errors import ProtocolError
from .. import Protocol
from ..base import Exchange
from ..message import Failure, Framer, MessageProtocol, Part
from .binary import BinaryRequests, BinaryResponses
from .failures import KINDS, ROWS, closing
from .opcodes import REQUEST
from .state import Conversation
from .text import TextRequests, TextResponses

#: what a line of text may begin with; a server accepts any other byte too, but no client begins with one
TEXT_STARTS = bytes(range(32, 127)) + b'\t\r\n'


class Opening(Framer['Memcache']):
    """Looks at the first byte of the client, and leaves the connection to the framers of the protocol that it begins."""

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        if start == len(data):
            return iter(())
        if data[start] != REQUEST and data[start:start + 1] not in TEXT_STARTS:
            raise ProtocolError(f'a connection begins with {data[start]:#x}')     # TLS, for example
        return self.protocol.speak(data[start] == REQUEST).scan(data, start)


@Protocol.register
class Memcache(Conversation):
    """Speaks memcached: each request can be late, refused or lost by itself, also in a batch, and also if it has no response.

    Requests are named by their command and key, ``set key``; those for a list of keys by the whole line, ``get a b``; those of
    the binary protocol like the same requests of the text protocol. The text protocol, the meta commands and the binary
    protocol are understood. After ``watch``, an opcode that memcached does not know, or a malformed storage command the
    connection is relayed unread.
    """

    name = 'memcache'
    framers = Opening, TextResponses
    errors = KINDS

    def speak(self, binary: bool) -> Framer[MessageProtocol]:
        """Follow one of the two protocols from here on; return the framer of its requests."""
        self.binary = binary
        if binary:
            self.response_cutter.follow(BinaryResponses(self))
        return self.request_cutter.follow(BinaryRequests(self) if binary else TextRequests(self))

    def fits(self, kind: str, exchange: Exchange) -> bool:
        row = ROWS.get(kind)
        return super().fits(kind, exchange) and (row is None or exchange.stage in (row.binary if self.binary else row.text))

    def replace(self, exchange: Exchange, failure: Failure) -> None:
        super().replace(exchange, closing(self, exchange, failure))

    def spoils(self) -> bool:
        quiet = self.exchange(True).note[2]     # of both protocols: there may be no response at all
        return not quiet and super().spoils()

    def reusable(self) -> bool:
        return super().reusable() and not self.binary
