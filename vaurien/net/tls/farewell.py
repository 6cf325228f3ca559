"""The end of a client whose handshake is made to fail: what is still said to it, and then FIN, RST or silence."""
from collections.abc import Callable
from contextlib import suppress
from socket import SHUT_WR
from typing import Any

from gevent import get_hub

from ..loop import READABLE, release
from ..sockets import RawSocket
from .channel import Channel, flight_of
from .handshake import READ

LINGER = 2.0    #: [seconds] that a client may take to leave, once it has got FIN


class HandshakeFails(Exception):
    """A client's handshake is made to fail.

    Args:
        reply: What its ClientHello is answered with.
        end: ``close``: FIN. ``reset``: RST. ``silence``: the connection stays open until the client leaves.
        channel: Its side here, where it is answered with all that a server says first; None: with ``reply``.
    """

    def __init__(self, reply: bytes, end: str, channel: Channel | None = None) -> None:
        super().__init__('the handshake was made to fail')
        self.reply, self.end, self.channel = reply, end, channel


class Farewell:
    """Ends a client's connection; what it sends meanwhile is read and dropped, as closing at once would make a reset of it.

    Args:
        client: The raw socket; it stays the caller's.
        over: Called once when it can be closed, perhaps before ``start`` returns: with True where that is to be by RST.

    Attributes:
        received: [bytes] that the client has sent meanwhile.
        silent: It waits for an answer that does not come.
    """

    __slots__ = ('received', 'silent', '_client', '_over', '_reader', '_timer')

    def __init__(self, client: RawSocket, over: Callable[[bool], None]) -> None:
        self._client, self._over = client, over
        self.received, self.silent = 0, False
        self._reader: Any = None
        self._timer: Any = None

    def answer(self, fails: HandshakeFails, hello: bytes) -> None:
        """Begin, after a ClientHello."""
        self.start(fails.reply if fails.channel is None else flight_of(fails.channel, hello), fails.end)

    def start(self, reply: bytes, end: str) -> None:
        """Begin.

        Args:
            reply: What is said; so little that any socket takes it.
            end: As for ``HandshakeFails``; with ``close`` the client may take ``LINGER`` seconds to leave.
        """
        self.silent = end == 'silence'
        with suppress(OSError):     # the client has left
            if reply:
                self._client.send(reply)
            if end == 'close':
                self._client.shutdown(SHUT_WR)
        if end == 'reset':
            self._over(True)
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
        self._over(False)

    def cancel(self) -> None:
        """Wait no more, and call nobody."""
        self._reader, self._timer = release(self._reader), release(self._timer)
