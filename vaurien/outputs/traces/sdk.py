"""Makes spans with OpenTelemetry's SDK, and hands them to its exporter by OTLP over HTTP. Knows no fleet; runs in a thread.

It needs the extra ``vaurien[otel]``, so that nothing imports this file but where spans are asked for.
"""
import logging
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from ... import __version__
from .spans import NANOSECONDS, Done, attributes_of, error_of, name_of, times_of

UNNAMED = 'unknown_service'     #: what the SDK calls a service that OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES do not name
NAME = 'vaurien'
MAX_REASON = 300                #: [characters] of why spans are lost that are told


class Heard(logging.Handler):
    """Keeps what the SDK says last, in place of a line of the log for each batch that is lost.

    Attributes:
        last: What it has said; empty: nothing.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ''

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()[:MAX_REASON]


class Collecting(SpanProcessor):
    """Keeps the spans that have ended until they are taken; those that are not sampled never come here."""

    def __init__(self) -> None:
        self._spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self._spans.append(span)

    def taken(self) -> list[ReadableSpan]:
        """Return the spans that have ended, once."""
        spans, self._spans = self._spans, []
        return spans


class Exporter:
    """Makes spans of exchanges and sends them.

    Args:
        url: Where to; empty: as OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT says, or else this machine.
        seed: What all randomness of the process is made from; the resource has it.

    Raises:
        ValueError, RuntimeError, ImportError: The environment asks the SDK for something that it does not have.
    """

    def __init__(self, url: str, seed: int) -> None:
        self._heard, self._logger = Heard(), logging.getLogger('opentelemetry')
        self._propagates, self._logger.propagate = self._logger.propagate, False
        self._logger.addHandler(self._heard)
        try:
            self._exporter = OTLPSpanExporter(endpoint=url or None)
            self._collecting = Collecting()
            provider = TracerProvider(resource=resource(seed), shutdown_on_exit=False)
            provider.add_span_processor(self._collecting)
            self._tracer = provider.get_tracer(NAME, __version__)
        except BaseException:
            self._silence_ends()
            raise
        #: what the SDK has to say of its environment; empty: nothing
        self.note, self._heard.last = self._heard.last, ''

    def send(self, batch: Sequence[Done]) -> tuple[int, int, str]:
        """Make spans and send them; return how many were sent and how many lost, and why. Those not sampled are neither."""
        self._heard.last = ''
        try:
            for done in batch:
                self._make(done)
            spans = self._collecting.taken()
            sent = not spans or self._exporter.export(spans) is SpanExportResult.SUCCESS
        except Exception as error:  # noqa: BLE001 - of the SDK, or what it is built on: the proxies go on
            return 0, len(batch), str(error)[:MAX_REASON] or type(error).__name__
        return (len(spans), 0, '') if sent else (0, len(spans), self._heard.last or 'they were not taken')

    def _make(self, done: Done) -> None:
        exchanged, fault = done.exchanged, done.fault
        begin, end = times_of(exchanged)
        parent = set_span_in_context(NonRecordingSpan(context_of(exchanged.trace))) if exchanged.trace else None
        span = self._tracer.start_span(name_of(done), parent, SpanKind.SERVER, attributes_of(done), start_time=begin)
        if fault is not None:
            at = min(max(int(fault.time * NANOSECONDS), begin), end)
            span.add_event('fault', {'vaurien.fault.behavior': fault.behavior, 'vaurien.fault.kind': fault.kind}, at)
        error = error_of(exchanged)
        if error:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(end)

    def close(self) -> None:
        """Give up what is being tried again, and send nothing more."""
        self._exporter.shutdown()    # type: ignore[no-untyped-call]  # the exporter has no types here
        self._silence_ends()

    def _silence_ends(self) -> None:
        self._logger.removeHandler(self._heard)
        self._logger.propagate = self._propagates


def resource(seed: int) -> Resource:
    """Return what all spans have in common; a name that the environment gives wins over ours."""
    found = Resource.create()
    named = found.attributes.get(SERVICE_NAME, UNNAMED)
    ours = {SERVICE_NAME: NAME} if str(named).startswith(UNNAMED) else {}
    return found.merge(Resource({SERVICE_VERSION: __version__, 'vaurien.seed': str(seed), **ours}))


def context_of(traceparent: str) -> SpanContext:
    """Return the span that a valid ``traceparent`` names."""
    _, trace, span, flags = traceparent.split('-')
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
