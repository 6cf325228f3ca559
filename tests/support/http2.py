"""Both ends of HTTP/2 by the library h2, which refuses what RFC 9113 does not allow: the oracle of what vaurien lets pass."""
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import h2.config
import h2.connection
import h2.events
import h2.settings

from .processes import HOST
from .unit_of_time import PATIENCE

READ = 65536


class Answered:
    """What has come of one stream.

    Attributes:
        status: Of the final response; 0: none.
        interim: The statuses before it.
        fields: Its headers, without the status.
        body: Its content.
        trailers: What follows that; None: nothing.
        ended: END_STREAM has come.
        code: Of RST_STREAM; None: none.
        late: [s] after the request.
    """

    def __init__(self) -> None:
        self.status, self.body, self.ended, self.late, self.asked = 0, b'', False, 0.0, time.monotonic()
        self.interim: list[int] = []
        self.fields: Any = []
        self.trailers: Any = None
        self.code: int | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self.ended or self.code is not None


class End:
    """One end of a connection: it sends as the windows allow."""

    def __init__(self, sock: socket.socket, client_side: bool) -> None:
        self.sock = sock
        config = h2.config.H2Configuration(client_side=client_side, header_encoding=None, validate_inbound_headers=True)
        self.h2 = h2.connection.H2Connection(config)
        self.waiting: dict[int, tuple[bytes, Any]] = {}     # content that waits for its window, and the trailers after it
        self.silent = False     # gives no credit
        self.owed: list[tuple[int, int]] = []   # what it has not given

    def flush(self) -> None:
        """Write what the library has to say."""
        data = self.h2.data_to_send()
        if data:
            self.sock.sendall(data)

    def send(self, stream: int, content: bytes, trailers: Any = None) -> None:
        """Send content, and end the stream."""
        self.waiting[stream] = content, trailers
        self.go_on()

    def go_on(self) -> None:
        """Send what fits the windows now."""
        for stream, (content, trailers) in list(self.waiting.items()):
            while content:
                room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
                if room <= 0:
                    break
                self.h2.send_data(stream, content[:room])
                content = content[room:]
            if content:
                self.waiting[stream] = content, trailers
                continue
            del self.waiting[stream]
            if trailers:
                self.h2.send_headers(stream, trailers, end_stream=True)
            else:
                self.h2.end_stream(stream)

    def receive(self) -> list[h2.events.Event]:
        """Read once; no events at the end of the connection."""
        data = self.sock.recv(READ)
        events = list(self.h2.receive_data(data)) if data else []
        for event in events:
            if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
                self.owed.append((event.flow_controlled_length, event.stream_id))
            elif isinstance(event, h2.events.StreamReset):
                self.waiting.pop(event.stream_id, None)
        if not data:
            raise EOFError
        self.give()
        return events

    def give(self) -> None:
        """Give the credit that is owed, unless it is silent."""
        while self.owed and not self.silent:
            self.h2.acknowledge_received_data(*self.owed.pop(0))


class Client(End):
    """A client; its streams are numbered as it asks."""

    def __init__(self, port: int, settings: dict[Any, int] | None = None, sock: socket.socket | None = None) -> None:
        super().__init__(sock or socket.create_connection((HOST, port), PATIENCE), True)
        if settings:
            self.h2.local_settings = h2.settings.Settings(True, settings)
        self.h2.initiate_connection()
        self.answers: dict[int, Answered] = {}
        self.events: list[h2.events.Event] = []
        self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def ask(self, path: str, content: bytes = b'', method: str = '', fields: Any = (), trailers: Any = None) -> int:
        """Send a request, and return its stream."""
        stream = self.h2.get_next_available_stream_id()
        verb = method or ('POST' if content else 'GET')
        heads = [(':method', verb), (':path', path), (':scheme', 'http'), (':authority', 'localhost'), *fields]
        self.answers[stream] = Answered()
        self.h2.send_headers(stream, heads, end_stream=not content and not trailers)
        if content or trailers:
            self.send(stream, content, trailers)
        self.flush()
        return stream

    def until(self, done: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Read until something holds."""
        end = time.monotonic() + patience
        while not done():
            self.sock.settimeout(max(end - time.monotonic(), 0.001))
            for event in self.receive():
                self.events.append(event)
                self._note(event)
            self.go_on()
            self.flush()

    def _note(self, event: Any) -> None:
        answer = self.answers.get(getattr(event, 'stream_id', None) or 0)
        if answer is None:
            return
        if isinstance(event, h2.events.InformationalResponseReceived):
            answer.interim.append(int(dict(event.headers)[b':status']))
        elif isinstance(event, h2.events.ResponseReceived):
            answer.status, answer.fields = int(dict(event.headers)[b':status']), event.headers[1:]
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data
        elif isinstance(event, h2.events.TrailersReceived):
            answer.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            answer.ended = True
        elif isinstance(event, h2.events.StreamReset):
            answer.code = int(event.error_code)
        if answer.over:
            answer.late = time.monotonic() - answer.asked

    def wait(self, *streams: int) -> list[Answered]:
        """Read until streams are over; without any: until all are."""
        wanted = streams or tuple(self.answers)
        self.until(lambda: all(self.answers[stream].over for stream in wanted))
        return [self.answers[stream] for stream in wanted]

    def get(self, path: str, **more: Any) -> Answered:
        """Ask, and wait for the answer."""
        return self.wait(self.ask(path, **more))[0]


class Server:
    """A server: ``/bytes/N`` is N bytes, ``/echo`` what was sent, ``/trailers`` has some, ``/interim`` comes after a 103,
    ``/moved`` says where else.

    Attributes:
        asked: The headers of all requests that came, in their order.
        contents: What was sent with each, by its path.
        resets: The codes of RST_STREAM that came.
        errors: What was wrong with what came.
        greets: It sends its SETTINGS at once; else once ``greet`` is set.
        silent: It gives no credit, until it reads something once this is not so any more.
    """

    def __init__(self, settings: dict[Any, int] | None = None, greets: bool = True,
                 context: ssl.SSLContext | None = None, silent: bool = False) -> None:
        self.silent = silent
        self.context = context
        self.asked: list[list[tuple[bytes, bytes]]] = []
        self.contents: dict[bytes, bytes] = {}
        self.resets: list[int] = []
        self.errors: list[Exception] = []
        self.settings = {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1000, **(settings or {})}
        self.greet = threading.Event()
        if greets:
            self.greet.set()
        self.listener = socket.create_server((HOST, 0))
        self.address = '{}:{}'.format(*self.listener.getsockname())
        self.open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                self.open.append(sock)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            self.greet.wait(PATIENCE)
            if self.context is not None:
                sock = self.context.wrap_socket(sock, server_side=True)
            end = End(sock, False)
            end.h2.local_settings = h2.settings.Settings(False, self.settings)
            end.h2.initiate_connection()
            end.flush()
            under_way: dict[int, tuple[list[tuple[bytes, bytes]], list[bytes]]] = {}
            while True:
                end.silent = True
                events = end.receive()
                end.silent = self.silent
                end.give()
                reset = {event.stream_id for event in events if isinstance(event, h2.events.StreamReset)}
                for event in events:
                    if not isinstance(event, h2.events.StreamEnded) or event.stream_id not in reset:
                        self._handle(end, event, under_way)
                end.go_on()
                end.flush()
        except (EOFError, OSError):
            sock.close()
        except Exception as error:  # noqa: BLE001  # whatever is wrong, the test is told
            self.errors.append(error)
            sock.close()

    def _handle(self, end: End, event: Any, under_way: dict[int, Any]) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self.asked.append(list(event.headers))
            under_way[event.stream_id] = list(event.headers), []
        elif isinstance(event, h2.events.DataReceived):
            under_way[event.stream_id][1].append(event.data)
        elif isinstance(event, h2.events.StreamReset):
            self.resets.append(int(event.error_code))
            under_way.pop(event.stream_id, None)
        elif isinstance(event, h2.events.StreamEnded):
            fields, pieces = under_way.pop(event.stream_id)
            self._answer(end, event.stream_id, dict(fields), b''.join(pieces))

    def _answer(self, end: End, stream: int, fields: dict[bytes, bytes], content: bytes) -> None:
        path = fields[b':path']
        self.contents[path] = content
        body = content
        if path.startswith(b'/bytes/'):
            body = pattern(int(path.split(b'/')[2].split(b'?')[0]))
        if path == b'/interim':
            end.h2.send_headers(stream, [(':status', '103'), ('link', '</style.css>')])
        asked = fields.get(b':authority', b'').decode()
        more = [('location', f'{"https" if self.context else "http"}://{asked}/there')] if path == b'/moved' else []
        end.h2.send_headers(stream, [(':status', '200'), ('content-length', str(len(body))), ('x-path', path), *more],
                            end_stream=fields[b':method'] == b'HEAD')
        if fields[b':method'] != b'HEAD':
            end.send(stream, body, [('x-sum', str(sum(body)))] if path == b'/trailers' else None)

    def stop(self) -> None:
        """Close everything."""
        self.listener.close()
        for sock in self.open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def pattern(size: int) -> bytes:
    """Return so many bytes that are no others' beginning."""
    return ((size.to_bytes(4) + bytes(range(251))) * (size // 255 + 1))[:size]


@contextlib.contextmanager
def server(**more: Any) -> Iterator[Server]:
    """Run a server; at its end, nothing that came may have been wrong."""
    running = Server(**more)
    try:
        yield running
        assert running.errors == []
    finally:
        running.stop()
