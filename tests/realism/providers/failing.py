"""Servers that say themselves what the files of kinds say: they read the files, and have nothing of vaurien's to write with.

A server of HTTP streams completions where nothing fails; one of gRPC ends each call as it is told.
"""
import contextlib
import json
import os
import socket
import struct
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.processes import HOST
from tests.support.unit_of_time import PATIENCE
from vaurien.protocols.http.providers.kinds import OWN

#: the files as they are, by provider
FILES: dict[str, dict[str, Any]] = {path.stem: tomllib.loads(path.read_text('utf-8')) for path in sorted(OWN.glob('*.toml'))}
KINDS: dict[str, dict[str, Any]] = {name: kind for file in FILES.values() for name, kind in file['kinds'].items()}
WORDS = 'one', ' two', ' three'


def common(name: str) -> list[str]:
    """Return the fields that all kinds of a file have."""
    return list(FILES[name.partition('-')[0]].get('fields', ()))


def openai_events() -> list[str]:
    """Return the events of a completion of OpenAI."""
    said = [{'role': 'assistant', 'content': ''}, *({'content': word} for word in WORDS), {}]
    chunks = [json.dumps({'id': 'c', 'object': 'chat.completion.chunk', 'created': 1, 'model': 'm', 'choices': [
        {'index': 0, 'delta': delta, 'finish_reason': None if delta else 'stop'}]}) for delta in said]
    return [f'data: {data}\n\n' for data in [*chunks, '[DONE]']]


def anthropic_events() -> list[str]:
    """Return the events of a completion of Anthropic."""
    message = {'id': 'm', 'type': 'message', 'role': 'assistant', 'model': 'm', 'content': [], 'stop_reason': None,
               'stop_sequence': None, 'usage': {'input_tokens': 1, 'output_tokens': 1}}
    events: list[dict[str, Any]] = [
        {'type': 'message_start', 'message': message},
        {'type': 'content_block_start', 'index': 0, 'content_block': {'type': 'text', 'text': ''}},
        *({'type': 'content_block_delta', 'index': 0, 'delta': {'type': 'text_delta', 'text': word}} for word in WORDS),
        {'type': 'content_block_stop', 'index': 0},
        {'type': 'message_delta', 'delta': {'stop_reason': 'end_turn', 'stop_sequence': None}, 'usage': {'output_tokens': 3}},
        {'type': 'message_stop'}]
    return [f'event: {event["type"]}\ndata: {json.dumps(event)}\n\n' for event in events]


STREAMS = {'/v1/chat/completions': openai_events(), '/v1/messages': anthropic_events()}


class Handler(BaseHTTPRequestHandler):
    """Answers requests; the server's ``kind`` says how it fails, and nothing where that is empty."""

    protocol_version = 'HTTP/1.1'
    server: 'Api'

    def answer(self) -> None:
        """Answer one request."""
        self.rfile.read(int(self.headers.get('Content-Length') or 0))
        name, path = self.server.kind, self.path.partition('?')[0]
        kind = KINDS.get(name, {})
        if 'status' in kind:
            self.fail(name, kind)
        elif path in STREAMS:
            self.stream(STREAMS[path], kind)
        else:
            self.respond(200, ['Content-Type: application/json', 'X-elastic-product: Elasticsearch'], b'{}')

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer  # noqa: N815 - so they are called

    def fail(self, name: str, kind: dict[str, Any]) -> None:
        """Answer with the status, the fields and the body of a kind."""
        own = kind.get('fields', [])
        said = {field.partition(':')[0].lower() for field in own}
        fields = [*(field for field in common(name) if field.partition(':')[0].lower() not in said), *own]
        if 'json' in kind and 'content-type' not in said:
            fields.append('Content-Type: application/json')
        self.respond(kind['status'], fields, kind.get('json', kind.get('body', '')).encode())

    def respond(self, status: int, fields: list[str], body: bytes) -> None:
        """Send a response."""
        self.send_response(status)
        for field in [*fields, f'Content-Length: {len(body)}']:
            self.send_header(*field.split(': ', 1))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, events: list[str], kind: dict[str, Any]) -> None:
        """Send a stream; where it fails, what a kind says after the first event."""
        said = [f'{text.strip()}\n\n' for text in kind.get('says', ())]
        rest = events[1:] if kind.get('end', 'on') == 'on' else []
        self.send_response(200)
        for field in ('Content-Type: text/event-stream', 'Transfer-Encoding: chunked'):
            self.send_header(*field.split(': ', 1))
        self.end_headers()
        for event in [events[0], *said, *rest]:
            self.wfile.write(b'%x\r\n%b\r\n' % (len(event.encode()), event.encode()))
        end = kind.get('end', 'clean')
        if end in ('clean', 'on'):
            self.wfile.write(b'0\r\n\r\n')
            return
        self.close_connection = True
        if end == 'stall':
            self.connection.settimeout(PATIENCE)
            with contextlib.suppress(OSError):
                self.connection.recv(1)     # until the client leaves
        elif end == 'reset':
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            self.server.reset(self.connection)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Api(ThreadingHTTPServer):
    """A server of HTTP.

    Attributes:
        kind: How it fails; empty: it does not.
    """

    daemon_threads = True
    kind = ''

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def reset(self, connection: socket.socket) -> None:
        """Close a connection without the farewell that there would be otherwise."""
        socket.socket(fileno=connection.detach()).close()

    def shutdown_request(self, request: Any) -> None:
        if request.fileno() >= 0:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves early is no mistake."""


@contextlib.contextmanager
def api() -> Iterator[Api]:
    """Run a server of HTTP."""
    with Api((HOST, 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={'poll_interval': 0.02})
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()


class Calls:
    """What a server of gRPC is told.

    Attributes:
        kind: How each call ends; empty: with an empty response.
        port: Where it listens.
    """

    kind, port = '', 0


@contextlib.contextmanager
def calls() -> Iterator[Calls]:
    """Run a server of gRPC that takes any call."""
    os.environ.setdefault('GRPC_VERBOSITY', 'NONE')     # it writes to standard error
    import grpc
    told = Calls()

    class Any_(grpc.GenericRpcHandler):     # type: ignore[misc, unused-ignore]
        def service(self, details: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(self.call)

        def call(self, request: bytes, context: Any) -> bytes:
            if told.kind:
                kind = KINDS[told.kind]
                context.abort(grpc.StatusCode[kind['call']], kind.get('message', ''))
            return b''
    made = grpc.server(ThreadPoolExecutor(2), handlers=[Any_()])
    told.port = made.add_insecure_port(f'{HOST}:0')
    made.start()
    try:
        yield told
    finally:
        made.stop(None).wait(PATIENCE)
