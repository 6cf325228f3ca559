"""Connections to a server itself, for looking at what it has; kept open from one look to the next."""
import contextlib
from collections.abc import Callable, Iterator
from typing import Any


class Direct:
    """Connections that are used again.

    Args:
        connect: Makes one to an address.
    """

    def __init__(self, connect: Callable[[str], Any]) -> None:
        self._connect = connect
        self._idle: list[tuple[str, Any]] = []

    @contextlib.contextmanager
    def __call__(self, address: str) -> Iterator[Any]:
        """Give one for the length of a block; one that fails is not used again."""
        known, connection = '', None
        while known != address:
            if connection is not None:
                connection.close()
            try:
                known, connection = self._idle.pop()
            except IndexError:
                known, connection = address, self._connect(address)
        assert connection is not None
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append((address, connection))

    def close(self) -> None:
        """Close those that are not in use."""
        while self._idle:
            self._idle.pop()[1].close()
