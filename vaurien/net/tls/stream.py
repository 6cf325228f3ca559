"""A stream inside TLS: lanes and toxics use the verbs of ``Stream`` and cannot tell it from a plain one.

The handshake is over when it is made. How a connection ends is passed on as it came: a close_notify, a FIN without one, a reset.
"""
import errno
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gevent import get_hub

from ..loop import READABLE, release
from ..sockets import RESET
from ..stream import READ, Stream, closed_call
from .channel import Channel, End, explain, keep

#: [bytes] of one read from a socket: with what was left of a record before, decrypted, they fit into ``READ``
RAW = READ - 32 * 1024
#: [bytes] that TLS itself may have to say (answers to key updates) to a peer that reads nothing
MAX_UNSENT = 64 * 1024
# One buffer for all sessions: what is read is given to the channel in the same callback.
_RAW = bytearray(RAW)
_RAW_VIEW = memoryview(_RAW)
_BUFFER = bytearray(READ)
#: what stands where a record should, and cannot be taken for the beginning of one
UNENCRYPTED = b'These bytes are not encrypted.\r\n'


class Reader:
    """Waits for a stream as a watcher of its socket does, and tells too what lies in the stream and no event will tell."""

    __slots__ = ('_stream', '_io', '_callback', '_scheduled')

    def __init__(self, stream: 'TlsStream') -> None:
        self._stream = stream
        self._io: Any = get_hub().loop.io(stream.fd, READABLE)
        self._callback: Callable[[], None] | None = None
        self._scheduled = False

    def start(self, callback: Callable[[], None]) -> None:
        """Call back when there is something to read, until ``stop``."""
        self._callback = callback
        self._io.start(callback)
        if self._stream.more:
            self.tell()

    def stop(self) -> None:
        """Wait no more."""
        self._callback = None
        if self._io is not None:
            self._io.stop()

    def close(self) -> None:
        """Wait no more, for good."""
        self._io = release(self._io)

    def tell(self) -> None:
        """Call back soon: something lies in the stream."""
        if not self._scheduled:
            self._scheduled = True
            get_hub().loop.run_callback(self._told)

    def _told(self) -> None:
        self._scheduled = False
        if self._callback is not None and self._stream.more:
            self._callback()


class TlsStream(Stream):
    """A connected socket with TLS on it.

    Args:
        sock: The raw socket; it belongs to the stream from now on.
        timeout: As for ``Stream``.
        channel: The side of the TLS connection, whose handshake is over.

    Attributes:
        more: Something lies in the stream that the socket will not tell of.
        twin: The stream of the other side, which ends as this one's peer has ended; None: it ends by itself.
        end: How ``finish`` and ``drop`` end this direction.
    """

    __slots__ = ('more', 'twin', 'end', '_tls', '_incoming', '_outgoing', '_recv_raw', '_over', '_reader', '_tail', '_notified',
                 '_failed', '_plain', '_unsent')

    reusable, tls = False, True

    def __init__(self, sock: Any, timeout: float, channel: Channel) -> None:
        super().__init__(sock, timeout)
        self._tls, self._incoming, self._outgoing = channel[:3]
        self._recv_raw, self._recv_into = self._recv_into, self._decrypt_into
        self._splices = False
        self.more = bool(self._incoming.pending)
        self.twin: TlsStream | None = None
        self.end = End.CLOSED
        self._reader: Reader | None = None
        self._tail: Any = None
        self._over = self._notified = self._failed = False
        self._plain = self._unsent = 0

    @property
    def carried(self) -> int:
        return self._plain

    @property
    def given(self) -> int:
        return self._plain

    @property
    def taken(self) -> int:
        return self._plain - sum(map(len, self.backlog or ()))

    # -- reading

    def reader(self) -> Reader:
        self._reader = Reader(self)
        return self._reader

    def _decrypt_into(self, buffer: Any, size: int) -> int:
        """Do what a socket's ``recv_into`` does."""
        if self._over:
            self.more = False
            return 0
        if self.more:
            count = self._decrypt(buffer, size)
            if count or self._over:
                return count
        received = self._recv_raw(_RAW)
        if not received:
            self._ended(End.CUT)
            self.more = False
            return 0
        self._incoming.write(_RAW_VIEW[:received])
        try:
            count = int(self._tls.read(size, buffer))    # most often what has come is one record, and whole
        except ssl.SSLError as error:
            count = self._decrypt(buffer, size, error=error)
        else:
            if not count or count == size or self._incoming.pending or self._outgoing.pending:
                count = self._decrypt(buffer, size, count)
        if not count and not self._over:
            raise BlockingIOError(errno.EAGAIN, 'a part of a record')
        return count

    def _decrypt(self, buffer: Any, size: int, count: int = 0, error: ssl.SSLError | None = None) -> int:
        """Decrypt what lies in the channel.

        Args:
            buffer: Where to.
            size: At most so many bytes.
            count: Bytes that lie in the buffer already, which count too.
            error: What the first step has met already.
        """
        read, incoming = self._tls.read, self._incoming
        view = memoryview(buffer)
        self.more = False
        try:
            if error is not None:
                raise error
            while count < size:
                got = read(size - count, view[count:])
                if not got:
                    self._ended(End.CLOSED)
                    break
                count += int(got)
                if not incoming.pending and not self._tls.pending():
                    break
            else:
                self.more = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._ended(End.CLOSED)
        except ssl.SSLError as failure:
            self._break(failure)
            if not count:
                raise ConnectionAbortedError(errno.ECONNABORTED, f'TLS: {explain(failure)}') from failure
        if self._outgoing.pending:
            self._answer()
        self.more = self.more or bool(count) and (self._over or self._failed)
        if self.more and self._reader is not None:
            self._reader.tell()
        return count

    def _break(self, error: ssl.SSLError) -> None:
        """Send the alert that the peer is told of an error by, if there is one."""
        self._failed = True
        with suppress(OSError):
            super().write_soon(self._outgoing.read())

    def _answer(self) -> None:
        """Send what TLS itself has to say: the answer to a key update, say."""
        data = self._outgoing.read()
        self._unsent = self._unsent + len(data) if self.backlog is not None else 0
        if self._unsent > MAX_UNSENT:
            self._failed = True
            raise ConnectionAbortedError(errno.ECONNABORTED, 'TLS: the peer asks, and does not read the answers')
        with suppress(OSError):     # the next write is told
            super().write_soon(data)

    def at_end(self) -> bool:
        if self.sock is None:
            closed_call()
        if self._unread:
            return False
        count = self._decrypt_into(_BUFFER, READ)
        self._keep(count)
        return not count

    def _keep(self, count: int) -> None:
        """Let the next ``recv`` return so many bytes, which were decrypted before they were asked for."""
        self.received += count
        self._unread += _BUFFER[:count]

    # -- how it ends

    def _ended(self, end: End) -> None:
        """Record how the peer has ended its direction, for those that pass it on."""
        self._over = True
        if end is End.CLOSED and not self._has_fin():
            end = End.NOTIFIED
        if self.twin is not None:
            self.twin.end = end
            if end is End.NOTIFIED:
                self._tail = get_hub().loop.io(self.fd, READABLE)
                self._tail.start(self._on_tail)

    def _has_fin(self) -> bool:
        with suppress(OSError):
            return bool(self.sock.recv(1, socket.MSG_PEEK) == b'')
        return False

    def _on_tail(self) -> None:
        """Pass on the FIN or the reset that comes after a close_notify; all else that may come is of no meaning."""
        broken = False
        try:
            if self._recv_raw(_RAW):
                return
        except BlockingIOError:
            return
        except OSError:
            broken = True
        self._tail = release(self._tail)
        if self.twin is not None:
            (self.twin.end_by_reset if broken else self.twin.end_by_fin)()

    def end_by_fin(self) -> None:
        """Send FIN too, now or once the close_notify is sent: the peer of the other side has."""
        self.end = End.CLOSED
        if self._notified and self.sock is not None:
            super().finish_socket()

    def end_by_reset(self) -> None:
        """Let the connection be reset when it is closed, and let the next read from it find its end."""
        with suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.sock.shutdown(socket.SHUT_RD)

    # -- writing

    def write_soon(self, data: Any) -> bool:
        if self._lost is not None:
            raise self._lost
        if not data:
            return self.backlog is None
        size = len(data)
        try:
            sent = self._tls.write(data)
            if sent < size:
                view = memoryview(data)
                while sent < size:
                    sent += self._tls.write(view[sent:])
        except ssl.SSLError as error:
            self._lose(ConnectionAbortedError(errno.ECONNABORTED, f'TLS: {explain(error)}'))
            self.check()
        self._plain += size
        return Stream.write_soon(self, self._outgoing.read())

    def fill_pipe(self, fd: int, size: int) -> int | None:
        return None     # what goes through a pipe is not encrypted

    def finish_socket(self) -> None:
        self._notify()
        if self.end is not End.NOTIFIED:
            super().finish_socket()

    def end_badly(self, how: str) -> None:
        self.end = End[how.upper()]
        if self.twin is not None:   # how the other side ends is of no meaning here any more
            self.twin.twin, self.twin = None, None

    def _notify(self) -> None:
        """Send what says that nothing more follows, after what is still to be written: close_notify."""
        if self._notified or self._lost is not None or self.end is End.CUT:
            return None
        self._notified = True
        if self.end in (End.DAMAGED, End.CLEAR):
            return self._break_off()
        if self.more and not self._over:
            with suppress(OSError):
                self._keep(self._decrypt(_BUFFER, READ))    # or ``unwrap`` would take it for a mistake
        with suppress(OSError, ValueError):     # most often: the peer has not said the same yet
            self._tls.unwrap()
        with suppress(OSError):
            super().write_soon(self._outgoing.read())
        return None

    def _break_off(self) -> None:
        """Send what the peer cannot read."""
        data = bytearray(UNENCRYPTED)
        if self.end is End.DAMAGED:
            self._tls.write(UNENCRYPTED)
            data = bytearray(self._outgoing.read())
            data[-1] ^= 1
        with suppress(OSError):
            super().write_soon(bytes(data))

    def drop(self) -> None:
        if self.sock is not None and self.backlog is None:
            self._notify()
        super().drop()

    def abort(self) -> None:
        if self._failed:    # the peer is told by an alert, which a reset would overtake
            super().drop()
        else:
            super().abort()

    close, reset = drop, abort

    def _release(self) -> Any:
        self._tail = release(self._tail)
        if self._tls and not self._tls.server_side:     # one that begins later may never have begun
            keep(self._tls)
        if self.twin is not None:
            self.twin.twin, self.twin = None, None
        return super()._release()


def pair(client: Stream, backend: Stream) -> None:
    """Let each of two streams end as the other one's peer has ended, where both are inside TLS."""
    if isinstance(client, TlsStream) and isinstance(backend, TlsStream):
        client.twin, backend.twin = backend, client
