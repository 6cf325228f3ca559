"""What is changed of a real response: status, fields, values in its body, how much of that comes. Knows no version of HTTP."""
from collections.abc import Mapping
from json import dumps, loads
from typing import Any, Final, NamedTuple

from ....words.pointers import Pointer, put, read_value
from ....words.responses import Field, field_of

Line = tuple[bytes, bytes, bool]    #: a field: name, value, and whether it must never be put into a table
STATUS: Final = b':status'
#: by these names it is told how a body is compressed; a value in one that is cannot be found
CODINGS: Final = (b'', b'identity')


class Edit(NamedTuple):
    """Changes.

    Args:
        status: The status; None: it stays.
        put: Fields that take the places of all of their names.
        add: Fields that come beside those.
        remove: Names of fields that are dropped.
        values: Places in a body of JSON, and the values that come there.
        keep: [bytes] of the body that come at most; None: all of it.
        short: The length still says what it would be without ``keep``.
    """

    status: int | None = None
    put: tuple[Field, ...] = ()
    add: tuple[Field, ...] = ()
    remove: tuple[str, ...] = ()
    values: tuple[tuple[Pointer, Any], ...] = ()
    keep: int | None = None
    short: bool = False

    @property
    def of_body(self) -> bool:
        """Whether the body is changed."""
        return bool(self.values) or self.keep is not None

    def lines(self, lines: list[Line], lower: bool = False) -> list[Line]:
        """Return fields as they should leave.

        Args:
            lines: The fields of a response; the status of HTTP/2 is one of them.
            lower: Names are in lower case, as in HTTP/2.
        """
        gone = {name.lower().encode() for name in (*self.remove, *(name for name, _ in self.put))}
        kept = [line for line in lines if line[0].lower() not in gone]
        if self.status is not None:
            kept = [(name, b'%d' % self.status, never) if name == STATUS else (name, value, never) for name, value, never in kept]
        new = ((name.lower() if lower else name, value) for name, value in (*self.put, *self.add))
        return [*kept, *((name.encode(), value.encode(), False) for name, value in new)]

    def body(self, body: bytes, coding: bytes) -> bytes:
        """Return a body with the values, all of it; one that is compressed, or no JSON that has these places, stays as it is."""
        if not self.values or coding.strip().lower() not in CODINGS:
            return body
        try:
            document = loads(body)
            for pointer, value in self.values:
                document = put(document, pointer, value)
            return dumps(document, ensure_ascii=False, allow_nan=False, separators=(',', ':')).encode()
        except (ValueError, LookupError, RecursionError):
            return body


def edit_of(settings: Mapping[str, Any]) -> Edit:
    """Return the changes that settings say: ``status``, ``header``, ``add``, ``remove``, ``json``, ``keep`` and ``short``."""
    put_, add, remove, values = (settings.get(name) or () for name in ('header', 'add', 'remove', 'json'))
    return Edit(settings.get('status'), tuple(map(field_of, put_)), tuple(map(field_of, add)), tuple(remove),
                tuple(map(read_value, values)), settings.get('keep'), bool(settings.get('short')))


def value_of(lines: list[Line], name: bytes) -> bytes:
    """Return the value of the first field of a name; empty: there is none."""
    return next((value for found, value, _ in lines if found.lower() == name), b'')


def with_length(lines: list[Line], length: int | None, name: bytes = b'Content-Length') -> list[Line]:
    """Return fields that say this length in place of what they said of where the body ends; None: they say nothing of it."""
    gone = b'content-length', b'transfer-encoding', b'trailer'
    kept = [line for line in lines if line[0].lower() not in gone]
    return kept if length is None else [*kept, (name, b'%d' % length, False)]
