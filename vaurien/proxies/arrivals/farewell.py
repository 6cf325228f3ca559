"""The end of a client that gets no session: what is still said to it, and then FIN, RST or silence. Knows no TLS and no proxy."""
from collections.abc import Callable
from contextlib import suppress
from socket import SHUT_WR
from typing import Any

from gevent import get_hub

from ...net import sockets
from ...net.loop import READABLE, release
from ...net.sockets import RawSocket
from ...relay.session import LINGER

READ = 16 * 1024    #: [bytes] of one read


class Farewell:
    """Ends a client's connection; what it sends meanwhile is read and dropped, as closing at once would make a reset of it.

    Args:
        client: The raw socket; it belongs to this from now on.
        over: Called once when it is closed, perhaps before ``start`` returns.

    Attributes:
        received: [bytes] that the client has sent meanwhile.
    """

    __slots__ = ('received', '_client', '_over', '_reader', '_timer')

    def __init__(self, client: RawSocket, over: Callable[[], None]) -> None:
        self._client, self._over = client, over
        self.received = 0
        self._reader: Any = None
        self._timer: Any = None

    def start(self, reply: bytes, end: str) -> None:
        """Begin.

        Args:
            reply: What is said; so little that any socket takes it.
            end: ``close``: FIN, and the client may take ``LINGER`` seconds to leave. ``reset``: RST. ``silence``: the connection
                stays open until the client leaves.
        """
        with suppress(OSError):     # the client has left
            if reply:
                self._client.send(reply)
            if end == 'close':
                self._client.shutdown(SHUT_WR)
        if end == 'reset':
            sockets.refuse(self._client)
            self._over()
            return
        if end == 'close':
            self._timer = get_hub().loop.timer(LINGER)
            self._timer.start(self._end)
        self._reader = get_hub().loop.io(self._client.fileno(), READABLE)
        self._reader.start(self._on_readable)

    def _on_readable(self) -> None:
        try:
            data = self._client.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b''
        self.received += len(data)
        if not data:
            self._end()

    def _end(self) -> None:
        self.cancel()
        self._client.close()
        self._over()

    def cancel(self) -> None:
        """Wait no more, and call nobody; the socket is the caller's."""
        self._reader, self._timer = release(self._reader), release(self._timer)
