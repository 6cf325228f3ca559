"""HTTP/2 by prior knowledge (RFC 9113) for the embedded backend: many requests at once, each answered in a greenlet of its own.

Knows the connection by how it is read and written, and the pages by what answers a request as WSGI has it.
"""
import io
from collections.abc import Callable, Iterator
from typing import Any, Final

from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.pool import Pool

from ...errors import ProtocolError
from ...protocols.http.h2 import frames
from ...protocols.http.h2.heads import GRPC, is_grpc
from ...protocols.http.h2.hpack import Decoder, Field, encoded
from . import health
from .answering import Response

LINE: Final = 'PRI * HTTP/2.0\r\n'      #: how a connection begins, as a reader of HTTP/1 has it
REST_OF_PREFACE: Final = b'\r\nSM\r\n\r\n'
READ_BYTES: Final = 64 * 1024
MAX_STREAMS: Final = 128                #: at once on a connection
MAX_HELD_BYTES: Final = 2 ** 20 + 1     #: [bytes] of a body that are held; more is read, and only known to be more
PROTOCOL_ERROR: Final = 1
OF_CONTENT: Final = ('HTTP_CONTENT_TYPE', 'HTTP_CONTENT_LENGTH')     #: which WSGI calls otherwise

#: answers a request, given as WSGI has it
Answering = Callable[[dict[str, Any]], Response]


class Stream:
    """One request, and how much of its response the client takes."""

    __slots__ = ('number', 'fields', 'body', 'window', 'begun')

    def __init__(self, number: int, fields: list[Field], window: int) -> None:
        self.number, self.window = number, window
        self.fields = {name.decode('latin-1'): value.decode('latin-1') for name, value, _ in fields}
        self.body = bytearray()
        self.begun = False

    @property
    def environ(self) -> dict[str, Any]:
        """The request as WSGI has it."""
        path, _, query = self.fields.get(':path', '/').partition('?')
        named = {f'HTTP_{name.upper().replace("-", "_")}': value for name, value in self.fields.items() if name[:1] != ':'}
        host = {'HTTP_HOST': self.fields[':authority']} if ':authority' in self.fields else {}
        content = {name.removeprefix('HTTP_'): named.pop(name) for name in OF_CONTENT if name in named}
        return {**host, **named, **content, 'REQUEST_METHOD': self.fields.get(':method', 'GET'), 'PATH_INFO': path,
                'QUERY_STRING': query, 'wsgi.input': io.BytesIO(bytes(self.body))}


class Connection:
    """One connection, after its preface.

    Args:
        source: What the client sends, a buffered file.
        send: Sends bytes to the client.
        answer: Answers a request.
        bodiless: Statuses whose responses have no body.
    """

    def __init__(self, source: Any, send: Callable[[bytes], Any], answer: Answering, bodiless: tuple[int, ...]) -> None:
        self._source, self._send, self._answer, self._bodiless = source, send, answer, bodiless
        self._turn = BoundedSemaphore()     # frames of one greenlet do not come into those of another
        self._room = Event()                # the client takes more
        self._greenlets = Pool()
        self._streams: dict[int, Stream] = {}
        self._decoder = Decoder()
        self._window = self._first_window = frames.WINDOW
        self._last = 0

    def serve(self) -> None:
        """Answer requests until the client leaves, or does what cannot be followed."""
        cut = frames.Frames()
        try:
            self._write(frames.settings((frames.MAX_CONCURRENT_STREAMS, MAX_STREAMS)))
            while data := self._source.read1(READ_BYTES):
                for unit in cut.cut(data):
                    self._take(cut.data, unit)
        except ProtocolError as error:
            self._write(frames.goaway(self._last, PROTOCOL_ERROR, str(error).encode()))
        finally:
            self._greenlets.kill()

    def _write(self, data: bytes) -> None:
        with self._turn:
            self._send(data)

    # -- what the client sends

    def _take(self, data: bytes, unit: frames.Unit) -> None:
        kind, flags, number, start, end = unit
        if kind == frames.HEADERS:
            self._headers(number, self._decoder.decode(frames.block(data, start, end)[1]), bool(flags & frames.END_STREAM))
        elif kind == frames.DATA:
            self._data(number, data[slice(*frames.content(data, start, end, flags))], end - start - frames.HEAD,
                       bool(flags & frames.END_STREAM))
        elif kind == frames.SETTINGS and not flags & frames.ACK:
            self._settings(dict(frames.settings_of(data, start, end)))
        elif kind == frames.PING and not flags & frames.ACK:
            self._write(frames.frame(frames.PING, frames.ACK, 0, data[start + frames.HEAD:end]))
        elif kind == frames.WINDOW_UPDATE and end - start == frames.HEAD + 4:
            self._credit(number, frames.number(data, start + frames.HEAD))
        elif kind == frames.RST_STREAM:
            self._streams.pop(number, None)
            self._wake()

    def _headers(self, number: int, fields: list[Field], over: bool) -> None:
        stream = self._streams.get(number)
        if stream is None:      # else these are trailers, which say nothing here
            if max(len(self._streams), len(self._greenlets)) >= MAX_STREAMS:    # one that was reset may still be at work
                self._write(frames.reset(number, frames.REFUSED_STREAM))
                return
            stream = self._streams[number] = Stream(number, fields, self._first_window)
            self._last = max(self._last, number)
        if over:
            self._begin(stream)

    def _data(self, number: int, content: bytes, counted: int, over: bool) -> None:
        stream = self._streams.get(number)
        if counted:
            self._write(frames.credit(0, counted) + (b'' if over or stream is None else frames.credit(number, counted)))
        if stream is not None:
            stream.body += content[:MAX_HELD_BYTES - len(stream.body)]
            if over:
                self._begin(stream)

    def _settings(self, found: dict[int, int]) -> None:
        first = found.get(frames.INITIAL_WINDOW_SIZE, self._first_window)
        for stream in self._streams.values():
            stream.window += first - self._first_window
        self._first_window = first
        self._write(frames.frame(frames.SETTINGS, frames.ACK, 0))
        self._wake()

    def _credit(self, number: int, count: int) -> None:
        if not number:
            self._window += count
        elif number in self._streams:
            self._streams[number].window += count
        self._wake()

    def _wake(self) -> None:
        self._room.set()
        self._room.clear()

    # -- what the client gets

    def _begin(self, stream: Stream) -> None:
        if not stream.begun:
            stream.begun = True
            self._greenlets.spawn(self._respond, stream)

    def _respond(self, stream: Stream) -> None:
        """Answer a request, and forget its stream; one that the client has left is only forgotten."""
        try:
            if is_grpc(stream.fields.get('content-type', '').encode()):
                self._call(stream)
            else:
                self._page(stream)
        except OSError:
            pass    # the connection has ended, which its reader finds out, too
        finally:
            self._streams.pop(stream.number, None)

    def _page(self, stream: Stream) -> None:
        found = self._answer(stream.environ)
        fields = [(b':status', str(found.status).encode())]
        bare = found.status in self._bodiless
        if not bare:
            fields.append((b'content-type', found.type.encode()))
            if found.length is not None:
                fields.append((b'content-length', str(found.length).encode()))
        bare = bare or stream.fields.get(':method') == 'HEAD'
        self._head(stream, fields, bare)
        if not bare and self._content(stream, iter(found.body)):
            self._write(frames.frame(frames.DATA, frames.END_STREAM, stream.number))

    def _call(self, stream: Stream) -> None:
        ended = health.answer(stream.fields.get(':path', ''), bytes(stream.body))
        self._head(stream, [(b':status', b'200'), (b'content-type', GRPC)])
        if not self._content(stream, iter(ended.messages)):
            return
        while ended.status is None:
            if stream.number not in self._streams:
                return
            self._room.wait()
        words = [(b'grpc-message', ended.words.encode())] if ended.words else []
        self._head(stream, [(b'grpc-status', str(ended.status).encode()), *words], True)

    def _head(self, stream: Stream, fields: list[tuple[bytes, bytes]], over: bool = False) -> None:
        coded = encoded([(*field, False) for field in fields])
        self._write(frames.headers(stream.number, coded, frames.END_STREAM if over else 0))

    def _content(self, stream: Stream, pieces: Iterator[bytes]) -> bool:
        """Send content as the client takes it; return whether it has taken all."""
        for piece in pieces:
            at = 0
            while at < len(piece):
                if stream.number not in self._streams:
                    return False
                room = min(self._window, stream.window, frames.FRAME_BYTES, len(piece) - at)
                if room <= 0:
                    self._room.wait()
                    continue
                self._window -= room
                stream.window -= room
                self._write(frames.frame(frames.DATA, 0, stream.number, piece[at:at + room]))
                at += room
        return stream.number in self._streams
