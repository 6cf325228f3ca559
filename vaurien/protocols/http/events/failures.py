"""How streams of events fail: the table of kinds, and what makes one. Knows no framer.

A kind is a row: what passes first, what is said then, and how it ends::

    'anthropic-overloaded-stream': stream_kind(
        "Anthropic: the service is overloaded in the middle of a stream: ...",
        StreamFault(STALL | CLEAN | CUT | RESET | ON, says=(Event('{"type": "error", ...}', 'error'),), after=3)),

``after=None`` is as many events as the option ``stream_after`` says. The same row serves HTTP/1 and HTTP/2, where CUT and RESET
are RST_STREAM with INTERNAL_ERROR and with CANCEL. Nothing happens to a response that is no stream of events, that is compressed,
or that ends before; then nothing is written down either.
"""
from collections.abc import Callable
from typing import Any, Final

from ...base import Exchange
from ...message import Failure, FailureKind, MessageProtocol
from ..failures import WITH_PAGE
from ..h2.failures import NOTHING, Fault
from ..h2.heads import Asked
from .formats import Event
from .halves import EventHalf
from .plan import CLEAN, CUT, ON, RESET, STALL, StreamFault

Make = Callable[[Any], StreamFault]

ERROR_TEXT: Final = '{"error": {"type": "server_error", "message": "This failure was injected by vaurien, a chaos proxy."}}'
MALFORMED: Final = Event('{"vaurien": "the text of this event ends before it sho')
AFTER: Final = "after as many events as the option stream_after says"
NOT_ELSE: Final = "Other responses pass."


def stream_kind(description: str, make: StreamFault | Make, category: str = 'E', scope: str = 'request',
                codes: tuple[str, ...] = ()) -> FailureKind:
    """Return the kind of a stream that fails in its middle; it comes only where it is named.

    Args:
        description: As in ``FailureKind``.
        make: What happens; or what makes that of the protocol object, whose options it may ask.
        category, scope, codes: As in ``FailureKind``.
    """
    def build(protocol: MessageProtocol, exchange: Exchange) -> Failure:
        fault = make if isinstance(make, StreamFault) else make(protocol)
        if fault.after is None:
            fault = fault._replace(after=protocol.option('stream_after'))
        if more := protocol.option('stream_types'):
            fault = fault._replace(types=(*fault.types, *(kind.strip().lower() for kind in more.split(','))))
        return noted(exchange, fault)
    return FailureKind(description, WITH_PAGE, build, codes, category, scope, True)


def noted(exchange: Exchange, fault: StreamFault) -> Failure:
    """Note what happens to the response of an exchange; ``after`` is a number."""
    half = EventHalf(fault)
    if isinstance(exchange.note, Asked):
        exchange.note.fault = Fault(drops=NOTHING, events=half)
    return Failure(request=None, half=half)


def slow(protocol: Any) -> StreamFault:
    """Let so many events pass in a second."""
    return StreamFault(ON, rate=protocol.option('stream_rate'))


def error(protocol: Any) -> StreamFault:
    """Say an error, in the words of the user, and end."""
    text = protocol.option('stream_error')
    as_it_is = any(line.startswith('data:') for line in text.split('\n'))
    return StreamFault(CLEAN, (Event(text, '' if as_it_is else 'error', as_it_is),))


ERRORS: Final = {
    'stream-cut': stream_kind(
        f"Stream of events: the server has died: {AFTER} the connection closes in the middle of the response. {NOT_ELSE}",
        StreamFault(CUT)),
    'stream-reset': stream_kind(
        f"Stream of events: something on the way has lost the connection: {AFTER} it is reset. {NOT_ELSE}", StreamFault(RESET)),
    'stream-short': stream_kind(
        f"Stream of events: the server has stopped too early, and takes that for the end: {AFTER} the response ends properly. To "
        f"many clients it is complete. {NOT_ELSE}", StreamFault(CLEAN)),
    'stream-stall': stream_kind(
        f"Stream of events: the server hangs: {AFTER} nothing more comes, and the connection stays open. {NOT_ELSE}",
        StreamFault(STALL), 'D'),
    'stream-slow': stream_kind(
        f"Stream of events: the server is short of power: {AFTER} only so many pass in a second as the option stream_rate says. "
        f"{NOT_ELSE}", slow, 'D', 'server'),
    'stream-error': stream_kind(
        f"Stream of events: the server fails, and says so though its status was 200: {AFTER} one called error comes, with the "
        f"text of the option stream_error, and the response ends properly. {NOT_ELSE}", error),
    'stream-malformed': stream_kind(
        f"Stream of events: {AFTER} one comes whose JSON is cut off, and the others go on. {NOT_ELSE}",
        StreamFault(ON, (MALFORMED,))),
}
