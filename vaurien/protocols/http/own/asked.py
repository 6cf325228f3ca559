"""The field in which a request asks for a fault. Bytes only; knows no fault."""
import re
from typing import Final

from ..h2.hpack import Field

NAME: Final = b'x-vaurien-fault'
MAX_BYTES: Final = 4096     #: [bytes] of it that are looked at
#: its line in the headers of HTTP/1, with the line end after it
ASKED: Final = re.compile(rb'(?<=\n)' + NAME + rb':([^\r\n]*)\r\n', re.IGNORECASE)


def asked_text(value: bytes) -> str:
    """Return the value as text."""
    return value[:MAX_BYTES].decode('utf-8', 'replace').strip()


def taken_out(fields: list[Field]) -> tuple[str, list[Field]]:
    """Return what the headers of HTTP/2 ask for, empty: nothing; and what else they have."""
    values = [value for name, value, _ in fields if name == NAME]
    return (asked_text(values[0]), [field for field in fields if field[0] != NAME]) if values else ('', fields)
