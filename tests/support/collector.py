"""A collector of spans: it takes OTLP over HTTP, and decodes it with the official protobufs. Knows nothing of vaurien.

It may refuse what it gets, or be slow to say that it has it.
"""
import contextlib
import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

from .hosting import eventually


class Span(NamedTuple):
    """A span as it has arrived.

    Args:
        name: Its name.
        trace, parent: The ids of its trace and of its parent, in hexadecimal digits; empty: it has no parent.
        begin, end: When [ns since 1970].
        error: What its status says; empty: that it is none.
        attributes: By their names.
        events: Their names.
        resource: The attributes of what it came from.
    """

    name: str
    trace: str
    parent: str
    begin: int
    end: int
    error: str
    attributes: dict[str, Any]
    events: list[str]
    resource: dict[str, Any]


class Collector:
    """A collector on a free port.

    Attributes:
        url: Where it is.
        spans: What has arrived.
        batches: How many spans came in each request that was taken.
        headers: Those of the last request.
        status: What it responds with; other than 200: it takes nothing.
        lets: Set: it responds; a collector that is slow waits for it.
    """

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.batches: list[int] = []
        self.headers: dict[str, str] = {}
        self.status, self.lets = 200, threading.Event()
        self.lets.set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers['Content-Length']))
                collector.headers = {name.lower(): value for name, value in self.headers.items()}
                collector.lets.wait()
                if collector.status == 200 and self.path == '/v1/traces':
                    collector.take(gzip.decompress(body) if self.headers.get('Content-Encoding') == 'gzip' else body)
                data = ExportTraceServiceResponse().SerializeToString()
                self.send_response(collector.status if self.path == '/v1/traces' else 404)
                self.send_header('Content-Type', 'application/x-protobuf')
                self.send_header('Content-Length', str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass
        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self._server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}'
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def take(self, data: bytes) -> None:
        """Read a request."""
        before = len(self.spans)
        for resource in ExportTraceServiceRequest.FromString(data).resource_spans:
            about = values(resource.resource.attributes)
            for scope in resource.scope_spans:
                self.spans += [Span(
                    span.name, span.trace_id.hex(), span.parent_span_id.hex(), span.start_time_unix_nano,
                    span.end_time_unix_nano, span.status.message if span.status.code == span.status.STATUS_CODE_ERROR else '',
                    values(span.attributes), [event.name for event in span.events], about) for span in scope.spans]
        self.batches.append(len(self.spans) - before)

    def wait(self, count: int) -> list[Span]:
        """Wait until so many spans have arrived, and return all."""
        eventually(lambda: len(self.spans) >= count, f'{count} spans')
        return list(self.spans)

    def close(self) -> None:
        """Listen no more."""
        self.lets.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def values(attributes: Any) -> dict[str, Any]:
    """Return attributes by their names."""
    return {each.key: getattr(each.value, each.value.WhichOneof('value')) for each in attributes}


@contextlib.contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector until the end of the block."""
    collector = Collector()
    try:
        yield collector
    finally:
        collector.close()
