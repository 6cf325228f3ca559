"""A server of streams of events, over HTTP/1.1 and HTTP/2: what it says is given, and how, by the path."""
import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from .peers import Backend
from .unit_of_time import PATIENCE

READ = 65536
SSE, LINES = 'text/event-stream', 'application/x-ndjson'
PREFACE = b'PRI * HTTP/2.0'


def sse(count: int = 6, text: str = '{"n": %d}') -> list[bytes]:
    """Return server-sent events, with a comment before them and one in the middle, which are none."""
    events = [f'event: token\nid: {number}\ndata: {text % number}\n\n'.encode() for number in range(count)]
    return [b': welcome\n\n', *events[:1], b':\n\n', *events[1:]]


def lines(count: int = 6) -> list[bytes]:
    """Return lines of JSON, with an empty line among them."""
    return [b'\n', *(b'{"n": %d}\n' % number for number in range(count))]


class Streams:
    """A server that answers every request with a stream.

    ``/chunked`` comes in chunks, one a piece; ``/counted`` has a length that is told; ``/closed`` goes on until the connection
    ends; ``/page`` is a page, ``/gzip`` says that it is compressed, and ``/503`` is an error. In HTTP/2 all but these
    three are DATA, one a piece, and ``/counted`` tells its length.

    Attributes:
        pieces: What a stream is made of.
        kind: Its content type.
        pause: [s] between two pieces.
        asked: The headers of the requests that came, by their names in lower case, ``:path`` and ``:method`` among them.
        contents: What was sent with each.
        left: How clients have left a stream before its end: ``rst`` with its code, ``gone``.
        sent: How many pieces were written.
    """

    def __init__(self, pieces: Sequence[bytes] = (), kind: str = SSE, pause: float = 0.0) -> None:
        self.pieces, self.kind, self.pause = list(pieces or sse()), kind, pause
        self.asked: list[dict[str, str]] = []
        self.contents: list[bytes] = []
        self.left: list[str] = []
        self.sent = 0
        self.backend = Backend(self.serve)

    @property
    def address(self) -> str:
        """Where it listens."""
        return self.backend.address

    def serve(self, sock: socket.socket) -> None:
        """Serve one connection."""
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = b''
        try:
            while len(data) < len(PREFACE) and PREFACE.startswith(data[:len(PREFACE)]):
                more = sock.recv(READ)
                if not more:
                    return
                data += more
            if data.startswith(PREFACE):
                Multiplexed(self, sock).run(data)
            else:
                self._run(sock, data)
        except (ConnectionError, h2.exceptions.StreamClosedError):
            self.left.append('gone')

    def headers(self, path: str) -> tuple[int, list[tuple[str, str]], list[bytes]]:
        """Return the status, the fields, and the pieces of what is answered."""
        if path == '/503':
            return 503, [('content-type', self.kind), ('content-length', '2')], [b'no']
        if path == '/page':
            return 200, [('content-type', 'text/html'), ('content-length', '5')], [b'hello']
        fields = [('content-type', self.kind)]
        if path == '/gzip':
            fields.append(('content-encoding', 'gzip'))
        if path == '/counted':
            fields.append(('content-length', str(sum(map(len, self.pieces)))))
        return 200, fields, self.pieces

    def give(self, pieces: Sequence[bytes]) -> Iterator[bytes]:
        """Give pieces, each at its time."""
        for piece in pieces:
            yield piece
            self.sent += 1
            time.sleep(self.pause)

    def _run(self, sock: socket.socket, data: bytes) -> None:
        while True:
            while b'\r\n\r\n' not in data:
                more = sock.recv(READ)
                if not more:
                    return
                data += more
            head, _, data = data.partition(b'\r\n\r\n')
            first, *rest = head.decode('latin-1').split('\r\n')
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(':') for line in rest)}
            fields[':method'], fields[':path'], _ = first.split(' ')
            while len(data) < int(fields.get('content-length', 0)):
                data += sock.recv(READ)
            self.contents.append(data[:int(fields.get('content-length', 0))])
            data = data[int(fields.get('content-length', 0)):]
            self.asked.append(fields)
            if not self._answer(sock, fields[':path'].partition('?')[0]):
                return

    def _answer(self, sock: socket.socket, path: str) -> bool:
        status, fields, pieces = self.headers(path)
        counted = any(name == 'content-length' for name, _ in fields)
        if not counted:
            fields.append(('connection', 'close') if path == '/closed' else ('transfer-encoding', 'chunked'))
        chunked = not counted and path != '/closed'
        sock.sendall('\r\n'.join([f'HTTP/1.1 {status} Said', *(f'{name}: {value}' for name, value in fields), '', '']).encode())
        for piece in self.give(pieces):
            sock.sendall(b'%x\r\n%b\r\n' % (len(piece), piece) if chunked else piece)
        if chunked:
            sock.sendall(b'0\r\n\r\n')
        return path != '/closed'


class Multiplexed:
    """One connection of HTTP/2: a thread reads, and each stream has one that writes.

    Args:
        streams: What is answered.
        sock: The connection.
    """

    def __init__(self, streams: Streams, sock: socket.socket) -> None:
        self.streams, self.sock, self.changed = streams, sock, threading.Condition()
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding='utf-8'))
        self.over = False
        self.contents: dict[int, bytes] = {}

    def run(self, data: bytes) -> None:
        """Serve it."""
        threads = []
        with self.changed:
            self.h2.initiate_connection()
            self._flush()
        while data:
            with self.changed:
                for event in self.h2.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        self.streams.asked.append({str(name): str(value) for name, value in event.headers})
                        self.contents[event.stream_id] = b''
                    elif isinstance(event, h2.events.DataReceived):
                        self.contents[event.stream_id] += event.data
                        self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, h2.events.StreamReset):
                        self.streams.left.append(f'rst {int(event.error_code)}')
                    elif isinstance(event, h2.events.StreamEnded):
                        self.streams.contents.append(self.contents[event.stream_id])
                        path = self.streams.asked[-1][':path'].partition('?')[0]
                        threads.append(threading.Thread(target=self._answer, args=(event.stream_id, path), daemon=True))
                        threads[-1].start()
                self._flush()
                self.changed.notify_all()
            data = self.sock.recv(READ)
        with self.changed:
            self.over = True
            self.changed.notify_all()
        for thread in threads:
            thread.join(PATIENCE)

    def _flush(self) -> None:
        data = self.h2.data_to_send()
        if data:
            self.sock.sendall(data)

    def _answer(self, stream: int, path: str) -> None:
        status, fields, pieces = self.streams.headers(path)
        with contextlib.suppress(h2.exceptions.ProtocolError, OSError):
            with self.changed:
                self.h2.send_headers(stream, [(':status', str(status)), *fields])
                self._flush()
            for piece in self.streams.give(pieces):
                self._send(stream, piece)
            with self.changed:
                self.h2.end_stream(stream)
                self._flush()

    def _send(self, stream: int, content: bytes) -> None:
        while content:
            with self.changed:
                self.changed.wait_for(lambda: self.over or self.h2.local_flow_control_window(stream) > 0, PATIENCE)
                if self.over:
                    raise ConnectionError
                room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
                self.h2.send_data(stream, content[:room])
                content = content[room:]
                self._flush()


@contextlib.contextmanager
def streams(*pieces: bytes, **more: Any) -> Iterator[Streams]:
    """Run a server of streams."""
    running = Streams(pieces, **more)
    with running.backend:
        yield running
