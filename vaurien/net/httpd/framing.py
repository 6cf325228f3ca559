"""Where a request ends: said once and beyond doubt, or the request is refused. Knows header fields, and no connection.

Two readers of one stream that disagree about the end of a request let a client smuggle another one past the first of them
(RFC 9112, sections 6.1 and 6.3).
"""
import re
from typing import Protocol

LENGTH = re.compile('[0-9]{1,18}')   #: of a body; Python's ``int`` takes ``1_0`` and ``+1``, too


class Fields(Protocol):
    """Header fields as the email parser has read them."""

    defects: list[Exception]

    def values(self) -> list[str]: ...
    def get_all(self, name: str, otherwise: list[str]) -> list[str]: ...


class FramingError(ValueError):
    """It cannot be said where a request ends."""


def check_framing(fields: Fields, version: str) -> None:
    """Refuse header fields that do not say where the request ends, or that another reader could understand differently.

    Args:
        fields: The fields.
        version: The request's version, such as ``HTTP/1.1``.

    Raises:
        FramingError: A field is malformed or folded, a length is no number or is said twice, an encoding is not chunked, or
            there is both.
    """
    lengths, encodings = fields.get_all('Content-Length', []), fields.get_all('Transfer-Encoding', [])
    if fields.defects or any('\n' in value or '\r' in value for value in fields.values()):
        raise FramingError('a header field is malformed')
    if len(lengths) > 1 or not all(LENGTH.fullmatch(length.strip(' \t')) for length in lengths):
        raise FramingError('Content-Length is no number')
    if encodings and (lengths or version != 'HTTP/1.1' or [coding.strip(' \t').lower() for coding in encodings] != ['chunked']):
        raise FramingError('Transfer-Encoding is not chunked alone')
