"""What a fleet in this process has recorded of its exchanges. Knows followers, and no protocol."""
import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from vaurien.behaviors.dummy import DUMMY
from vaurien.protocols.message import MessageProtocol
from vaurien.relay.recording.recorder import Recorder
from vaurien.relay.recording.records import Closed, Exchanged, Whole
from vaurien.spec import ProxySpec

from .framing import CLIENT, FakeSession, Slicer, Turn, whole
from .hosting import Hosted, eventually, hosted, spec_for


class Recorded:
    """A proxy whose exchanges are followed.

    Attributes:
        hosted: The fleet.
        port: Where the proxy listens.
        exchanges, events: What was recorded so far.
    """

    def __init__(self, hosted: Hosted, spec: ProxySpec) -> None:
        self.hosted = hosted
        self.exchanges: list[Exchanged] = []
        self.events: list[Any] = []
        hosted.call(lambda: hosted.fleet.exchanges.follow(self.exchanges.append, self.events.append))
        proxy = hosted.call(lambda: hosted.fleet.create(spec))
        self.name, self.port = spec.name, proxy.bound.port

    def answers(self, count: int) -> list[tuple[str, str]]:
        """Wait for so many exchanges, and return the name of each and how it was answered."""
        return [(one.name, one.answer) for one in self.wait(count)]

    def wait(self, count: int) -> list[Exchanged]:
        """Wait for so many exchanges and return them; there are no more."""
        eventually(lambda: len(self.exchanges) >= count, f'exchange {count} of {self.exchanges}')
        assert len(self.exchanges) == count
        return list(self.exchanges)

    def closed(self) -> Closed:
        """Wait until a session has ended, and return the record of the last one."""
        found: Closed = eventually(lambda: [event for event in self.events if isinstance(event, Closed)], 'the end')[-1]
        return found


@contextlib.contextmanager
def recorded(backend: Any, protocol: str, mix: Any = '', **fields: Any) -> Iterator[Recorded]:
    """Run a proxy in this process whose exchanges are followed."""
    with hosted() as host:
        yield Recorded(host, spec_for(backend, mix, name='recorded', protocol=protocol, **fields))


class Kept:
    """A sink that keeps what it is handed.

    Attributes:
        exchanges, events: All of it.
        mark: The test that runs.
    """

    def __init__(self) -> None:
        self.exchanges: list[Exchanged] = []
        self.events: list[Any] = []
        self.mark = ''
        self.traces = False
        self.later: Callable[[Whole], None] | None = None
        self.exchanged, self.happened = self.exchanges.append, self.events.append


def record(cls: type[MessageProtocol], turns: Iterable[Turn], slicer: Slicer = whole) -> list[Exchanged]:
    """Record a conversation through the framers of a protocol, without any network, and return what was recorded."""
    protocol, kept = cls({}), Kept()
    protocol.session = FakeSession()
    recorder = Recorder(kept, protocol, 'p', 1)
    count = 0
    for sender, sent in turns:
        for data in slicer(sent):
            cutter, at = (protocol.request_cutter, 0) if sender == CLIENT else (protocol.response_cutter, 0)
            if cutter.opaque_because:
                continue
            for end, exchange, done in cutter.cut(data):
                if sender == CLIENT:
                    recorder.request_part(exchange, cutter.data, at, end, done)
                elif exchange is not None:
                    recorder.answer_part(exchange, cutter.data, at, end, done)
                if exchange is not None and exchange.behavior is None:
                    count += exchange.stage not in protocol.undrawn
                    exchange.behavior, exchange.number = DUMMY, count if exchange.stage not in protocol.undrawn else 0
                    protocol.asked(exchange)
                if exchange is not None and done and sender != CLIENT:
                    protocol.answered(exchange)
                if exchange is not None and done and (sender != CLIENT or not exchange.expects):
                    recorder.finish(exchange)
                at = end
    recorder.ended()
    return kept.exchanges
