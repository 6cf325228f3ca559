"""The end of a chain of toxics: the socket itself. Knows its stream, and no toxic."""
from collections.abc import Callable

from ..net.stream import Stream


class Outlet:
    """The end of a chain: the socket itself.

    Args:
        stream: Where everything goes in the end.
        ended: Called when the end of the stream has come through.
        lost: Called once, with what a write has met.

    Attributes:
        count: [bytes] that were written.
        written: Called after each write; None: nothing is.
    """

    def __init__(self, stream: Stream, ended: Callable[[], None], lost: Callable[[OSError], None]) -> None:
        self._stream, self._ended, self._lost = stream, ended, lost
        self._told, self.count = False, 0
        self.written: Callable[[], None] | None = None

    @property
    def full(self) -> bool:
        """Whether the socket has not taken everything yet; the stream keeps the rest."""
        return self._stream.backlog is not None

    def when_room(self, callback: Callable[[], None]) -> None:
        """Call back once when it has, or the connection is lost."""
        self._stream.after_written(callback)

    def put(self, data: bytes) -> None:
        """Write, and wait nowhere for what the socket does not take."""
        self._write(self._stream.write_soon, data)

    def put_and_wait(self, data: bytes) -> None:
        """Write, and wait in a greenlet until the socket has taken it."""
        self._write(self._stream.write, data)

    def _write(self, write: Callable[[bytes], object], data: bytes) -> None:
        if self._told:
            return
        try:
            self._stream.check()    # an earlier write may have failed while no caller waited for it
            self.count += len(data)
            write(data)
        except OSError as error:
            self._told = True
            self._lost(error)
            return
        if self.written is not None:
            self.written()

    def finish(self) -> None:
        """Pass on that nothing more comes."""
        self._ended()
