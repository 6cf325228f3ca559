"""What options change in the headers of a stream: whom a request asks, and where a redirect leads to. Knows no frame."""
from ..headers import ADDRESS, redirected
from .heads import Asked
from .hpack import Field

AUTHORITY, HOST, LOCATION = b':authority', b'host', b'location'


class Edits:
    """The changes of a session.

    Args:
        host: The host and port of the backend.
        overwrites: Requests ask the backend by that.
        redirects: A redirect to the backend becomes one to what the client has asked.
    """

    __slots__ = ('overwrites', 'redirects', '_host')

    def __init__(self, host: bytes, overwrites: bool, redirects: bool) -> None:
        self._host, self.overwrites, self.redirects = host, overwrites, redirects

    def request(self, asked: Asked, fields: list[Field]) -> list[Field]:
        """Return the headers of a request as they should leave; a tunnel leads where it led."""
        found = {name: value for name, value, _ in fields}
        asked.authority = found.get(AUTHORITY) or found.get(HOST, b'')
        if not self.overwrites or b':path' not in found:
            return fields
        changed = [(name, self._host, never) if name in (AUTHORITY, HOST) else (name, value, never)
                   for name, value, never in fields]
        return changed if AUTHORITY in found or HOST in found else [(AUTHORITY, self._host, False), *fields]

    def response(self, asked: Asked, fields: list[Field]) -> list[Field]:
        """Return the headers of a response as they should leave."""
        if not self.redirects:
            return fields
        return [(name, redirected(value, self._host, asked.authority, ADDRESS) if name == LOCATION else value, never)
                for name, value, never in fields]
