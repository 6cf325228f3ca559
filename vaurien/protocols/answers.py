"""How a response reads to those who record, and which bytes of a request are its payload. Nothing of it is asked otherwise."""
from binascii import crc32
from collections.abc import Collection
from typing import ClassVar

from .base import Exchange

#: [bytes] of a payload that its digest is made of at most, and its length; all of it costs what it costs to read it once more
MAX_DIGESTED_BYTES = 64 * 1024
OK = 'ok'       #: how a request was answered that the server served

Answer = tuple[str, str]    #: ``ok``, or the code or word of the error; and what the response says beside that, empty: nothing


class Answers:
    """What a protocol tells of its responses; each has an override where the protocol knows more."""

    #: bytes of the client that begin no request belong to the next one, as the content of a mail does, and not to the one before
    carries: ClassVar[bool] = False
    #: some exchanges are answered only when the group is that they stand in: see ``joins`` and ``concludes``
    grouped_answers: ClassVar[bool] = False
    #: ``payload_at`` may be somewhere else than at the beginning
    headed: ClassVar[bool] = False
    #: its shapes have no digits: names that differ in their digits alone have one shape. One with shapes of its own says it anew
    digits_alike: ClassVar[bool] = False
    #: the stages of requests that hold secrets
    secrets: ClassVar[Collection[str]] = ()
    #: requests may say what they are to be known by if they come again
    has_keys: ClassVar[bool] = False

    def key(self, exchange: Exchange) -> str:
        """Return the CRC-32 of what a request is to be known by if it comes again, 8 hexadecimal digits; empty: of nothing."""
        return ''

    def trace(self, exchange: Exchange, data: bytes, at: int, end: int, first: bool) -> str:
        """Return the ``traceparent`` that a request carries, W3C Trace Context; empty: none that is valid.

        Args:
            exchange: The exchange.
            data, at, end: A part of the request is ``data[at:end]``: the first one, or the last.
            first: It is the first one.
        """
        return ''

    def answer(self, exchange: Exchange, head: bytes, tail: bytes) -> Answer:
        """Read how the backend has answered, but for errors that the framer has noted.

        Args:
            exchange: The exchange.
            head: The first bytes of the response, 64 or more where it has as many.
            tail: The last bytes of it; empty: ``head`` is all of it.
        """
        return OK, ''

    def own_answer(self, exchange: Exchange, reply: bytes) -> Answer:
        """Read a response that vaurien has made in the backend's place."""
        return self.answer(exchange, reply, b'')

    def payload_at(self, exchange: Exchange, data: bytes, at: int, end: int) -> int:
        """Return where the payload begins in the first part of a request, ``data[at:end]``: what tells it from others.

        It may be beyond the data.
        """
        return at

    def digest(self, exchange: Exchange, data: bytes, at: int, end: int) -> str:
        """Return the digest of the payload of a request that has come whole, ``data[at:end]``, as a journal has it.

        Empty: it has none, or one that is secret, or it is made of what came before, too.
        """
        start = self.payload_at(exchange, data, at, end)
        if start >= end or self.carries or self.secret(exchange):
            return ''
        return crc32(data[start:min(end, start + MAX_DIGESTED_BYTES)]).to_bytes(4).hex()

    def secret(self, exchange: Exchange) -> bool:
        """Return whether a request holds a secret, of which no digest may be kept."""
        return exchange.stage in self.secrets

    def joins(self, exchange: Exchange) -> bool:
        """Return whether an exchange is answered only when its group is."""
        return False

    def concludes(self, exchange: Exchange) -> bool:
        """Return whether an exchange ends a group."""
        return False
