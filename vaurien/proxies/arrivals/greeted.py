"""What is recorded of a handshake that was made to fail, which is no exchange of any protocol. Knows no socket."""
import time
from typing import NamedTuple

from ...protocols.tls_kinds import HANDSHAKE
from ...relay.recording.records import CUT, OK, Closed, Exchanged, Opened, Sink
from .greeting import Greeting


class Greeted(NamedTuple):
    """What has become of it.

    Args:
        proxy: The proxy's name.
        peer: The client's address.
        greeting: The handshake.
        seconds: How long ago the client came.
        sent: [bytes] of the client.
    """

    proxy: str
    peer: str
    greeting: Greeting
    seconds: float
    sent: int


def record_greeting(sink: Sink, greeted: Greeted, accepted: bool) -> None:
    """Record one that is a part of a session.

    Args:
        sink: Takes records.
        greeted: The handshake.
        accepted: The client has taken it nevertheless: it does not look at certificates, say.
    """
    _record(sink, greeted, OK if accepted else CUT)


def record_refused(sink: Sink, greeted: Greeted) -> None:
    """Record one after which there is no session, as the opening and the end of one."""
    number, failure = greeted.greeting.number, greeted.greeting.failure
    sink.happened(Opened(time.time() - greeted.seconds, greeted.proxy, number, greeted.peer, greeted.greeting.mark))
    _record(sink, greeted, CUT)
    by = 'client' if failure.request is None or failure.end == 'silence' else 'vaurien'
    how = 'rst' if failure.end == 'reset' else 'fin'
    sink.happened(Closed(time.time(), greeted.proxy, number, by, how, greeted.seconds, 0, greeted.sent, 0))


def record_hello(sink: Sink, proxy: str, number: int, name: str, seconds: float, sent: int) -> None:
    """Record one that nothing is done to, once its ClientHello has come.

    Args:
        sink: Takes records.
        proxy: The proxy's name.
        number: The session's.
        name: The handshake's.
        seconds: How long ago the client came.
        sent: [bytes] of the client.
    """
    sink.exchanged(Exchanged(time.time() - seconds, proxy, number, 0, name, name, OK, seconds, sent, 0, '', '', sink.mark, '',
                             HANDSHAKE))


def _record(sink: Sink, greeted: Greeted, answer: str) -> None:
    greeting, exchange = greeted.greeting, greeted.greeting.handshake
    reply = len(greeting.failure.reply)
    sink.exchanged(Exchanged(
        time.time() - greeted.seconds, greeted.proxy, greeting.number, 0, exchange.name, exchange.name, answer, greeted.seconds,
        greeted.sent, reply, '', f'{exchange.drawn.name}/{greeting.kind}', greeting.mark, '', exchange.stage))
