"""The protocols of memcached, text with the meta commands and binary, and how memcached fails.

Bytes only; knows no stream.

The first byte of a client chooses between the two for the whole connection, as it does in the server.
"""
from collections.abc import Iterator

from ...errors import ProtocolError
from .. import Protocol
from ..answers import Answer
from ..base import Exchange
from ..message import Failure, Framer, MessageProtocol, Part
from .answers import read_packet, read_text
from .binary import BinaryRequests, BinaryResponses
from .effects import EFFECTS
from .failures import KINDS, QUIET, ROWS, closing
from .opcodes import REQUEST
from .shapes import shape
from .state import Conversation
from .text import TextRequests, TextResponses
from .verbs import LOG

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
    shape = staticmethod(shape)
    digits_alike = True
    effects = EFFECTS
    errors = KINDS
    secrets = frozenset(('auth',))

    def speak(self, binary: bool) -> Framer[MessageProtocol]:
        """Follow one of the two protocols from here on; return the framer of its requests."""
        self.binary = binary
        if binary:
            self.response_cutter.follow(BinaryResponses(self))
        return self.request_cutter.follow(BinaryRequests(self) if binary else TextRequests(self))

    def fits(self, kind: str, exchange: Exchange) -> bool:
        if self.errors[kind].only_named and exchange.note and self._open(exchange):
            return False
        row = ROWS.get(kind)
        return super().fits(kind, exchange) and (row is None or exchange.stage in (row.binary if self.binary else row.text))

    def replace(self, exchange: Exchange, failure: Failure) -> None:
        super().replace(exchange, closing(self, exchange, failure))

    @staticmethod
    def _open(exchange: Exchange) -> bool:
        """Return whether a request may have no response, or one that has no end."""
        return bool(exchange.note[QUIET]) or exchange.note is LOG

    def spoils(self) -> bool:
        return not self.exchange(True).note[QUIET] and super().spoils()

    def reusable(self) -> bool:
        return super().reusable() and not self.binary

    def answer(self, exchange: Exchange, head: bytes, tail: bytes) -> Answer:
        return read_packet(head) if self.binary else read_text(head, tail)
