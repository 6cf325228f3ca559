"""Replays a conversation through the framers of a protocol, without any network, in any slicing."""
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, product
from random import Random
from typing import NamedTuple

from vaurien.protocols.base import Exchange, SharedExchange
from vaurien.protocols.message import NO_RUN, Cutter, MessageProtocol, Part, Run

CLIENT, BACKEND = '>', '<'
MOST = 50   #: [messages] of a run
#: what of a protocol and its framers changes with every message
CHANGING = ('queue', 'owner', 'exchange', 'open', 'seen')
Turn = tuple[str, bytes]
Slicer = Callable[[bytes], Iterable[bytes]]


class Message(NamedTuple):
    """One message: who sent it, the request it belongs to (None: no request asked for it), its bytes."""

    sender: str
    name: str | None
    data: bytes


class FakeSession:
    """Stands in for the session of a protocol: its generator, and the list of its faults."""

    backend_name = 'backend.test:80'

    def __init__(self, seed: int = 1) -> None:
        self.random = Random(seed)
        self.faults: list[tuple[str, str]] = []
        self.at: Exchange | None = None

    def exchange(self, to_backend: bool) -> Exchange | None:
        return self.at

    def random_of(self, exchange: Exchange) -> Random:
        return self.random

    def injected(self, exchange: Exchange, kind: str) -> None:
        self.faults.append((exchange.name, kind))

    def silence(self) -> None:
        self.faults.append(('', 'silence'))


class Dialogue:
    """One session's framers, fed turn by turn.

    Args:
        cls: The protocol.
        running: Pass over runs of plain messages as lanes do; the names of the requests among them are not known then.
        settings: Its settings.

    Attributes:
        messages: What has been completed, in order; a message still open is not in it.
        exchanges: Every exchange seen, in order.
        tail: By sender, the bytes that belong to no complete message: held, open, or after the framer gave up.
        opaque: By sender, why its framer gave up; empty: it did not.
    """

    def __init__(self, cls: type[MessageProtocol], running: bool = False, **settings: object) -> None:
        self.running = running
        self.protocol = cls(settings)
        self.protocol.session = FakeSession()
        self.messages: list[Message] = []
        self.exchanges: list[Exchange] = []
        self._seen: set[int] = set()
        self._open = {CLIENT: b'', BACKEND: b''}
        self._raw = {CLIENT: b'', BACKEND: b''}

    def cutter(self, sender: str) -> Cutter:
        return self.protocol.request_cutter if sender == CLIENT else self.protocol.response_cutter

    @property
    def opaque(self) -> dict[str, str]:
        return {sender: self.cutter(sender).opaque_because for sender in (CLIENT, BACKEND)}

    @property
    def tail(self) -> dict[str, bytes]:
        return {sender: self._open[sender] + self._raw[sender] + self.cutter(sender).held
                for sender in (CLIENT, BACKEND)}

    def feed(self, sender: str, data: bytes) -> None:
        cutter, start = self.cutter(sender), 0
        if cutter.opaque_because:
            self._raw[sender] += cutter.held + data
            cutter.held = b''
            return
        run = NO_RUN
        if data and not (cutter.framer.open or cutter.held or cutter.framer.rest or self.protocol.editing):
            run = cutter.run(data, MOST)
        if self.running:
            data, run = data[self._pass_over(sender, data, run):], NO_RUN
        parts = self._agreeing(sender, run, cutter.cut(data) if data or not self.running else ())
        for end, exchange, done in parts:
            assert start <= end <= len(cutter.data), 'a part goes back, or beyond the data'
            self._piece(sender, exchange, cutter.data[start:end], done)
            start = end
        if self.protocol.request_cutter.opaque_because and not self.protocol.queue:
            self.protocol.response_cutter.give_up(self.protocol.request_cutter.opaque_because)
        for side in (CLIENT, BACKEND):
            if self.opaque[side]:
                self._raw[side] += self.cutter(side).held
                self.cutter(side).held = b''

    def _pass_over(self, sender: str, data: bytes, run: Run) -> int:
        """Do with a run what lanes do, and return where it ends."""
        cutter, queue, start = self.cutter(sender), self.protocol.queue, 0
        end, exchanges = run
        for count, exchange in enumerate(exchanges, 1):
            after, found = cutter.run(data, count)
            assert list(found) == list(exchanges[:count]), 'a shorter run is another one'
            self.messages.append(Message(sender, '', data[start:after]))
            start = after
        assert (start, bool(exchanges)) == (end, end > 0), 'it ends with its last message'
        if sender == CLIENT:
            queue.extend(exchanges)
        else:
            assert list(islice(queue, len(exchanges))) == list(exchanges), 'they belong to the first in the queue'
            for _ in exchanges:
                queue.popleft()
        return end

    def _agreeing(self, sender: str, run: Run, parts: Iterable[Part]) -> Iterator[Part]:
        """Pass parts on, and check that the run says the same: whole messages, with exchanges that are as good."""
        end, exchanges = run
        left, at = deque(exchanges), 0
        state = self._state() if left else {}
        for part in parts:
            if left:
                shared, (at, exchange, done) = left[0], part
                assert exchange is not None, 'not one whole message'
                assert exchange is shared or sender == CLIENT and isinstance(shared, SharedExchange)
            if left and done:
                left.popleft()
                assert (exchange.stage, exchange.expects) == (shared.stage, True)
                assert exchange.stage not in self.protocol.undrawn
                assert left or at == end, 'a run ends with its last message'
                assert self._state() == state, 'a plain message changes nothing'
            yield part
        assert not left, 'not all of a run is there'

    def _state(self) -> dict[str, object]:
        """Return what the framers know of, beside what waits in the queue, which changes by itself."""
        return {str((place, name)): repr(value) if isinstance(value, dict | set | list) else value
                for place, owner in enumerate((self.protocol, *(self.cutter(sender).framer for sender in (CLIENT, BACKEND))))
                for name, value in vars(owner).items() if name not in CHANGING}

    def _piece(self, sender: str, exchange: Exchange | None, data: bytes, done: bool) -> None:
        if sender == CLIENT and exchange is not None and id(exchange) not in self._seen:
            self._seen.add(id(exchange))
            self.exchanges.append(exchange)
            self.protocol.asked(exchange)
        self._open[sender] += data
        if done:
            name = None if exchange is None else exchange.name
            self.messages.append(Message(sender, name, self._open[sender]))
            self._open[sender] = b''
            if sender == BACKEND and exchange is not None:
                self.protocol.answered(exchange)

    def end(self, sender: str) -> bool:
        """Record that the sender has ended; return whether that completes its message."""
        cutter = self.cutter(sender)
        complete = cutter.framer.end()
        if complete and cutter.framer.open:
            for _, exchange, done in cutter.end():
                self._piece(sender, exchange, b'', done)
        return complete


def whole(data: bytes) -> Iterable[bytes]:
    return [data]


def single_bytes(data: bytes) -> Iterable[bytes]:
    return [data[i:i + 1] for i in range(len(data))]


def randomly(seed: int, longest: int = 40) -> Slicer:
    """Slices of 1 to ``longest`` bytes."""
    def slices(data: bytes) -> Iterable[bytes]:
        random, start = Random(seed), 0
        while start < len(data):
            size = random.randint(1, longest)
            yield data[start:start + size]
            start += size
    return slices


def replay(cls: type[MessageProtocol], turns: Iterable[Turn], slicer: Slicer = whole, running: bool = False,
           **settings: object) -> Dialogue:
    """Feed a conversation, each turn cut by ``slicer``, and check that no byte was changed, lost or moved."""
    dialogue = Dialogue(cls, running, **settings)
    sent = {CLIENT: b'', BACKEND: b''}
    for sender, data in turns:
        sent[sender] += data
        for piece in slicer(data):
            dialogue.feed(sender, piece)
    for sender in (CLIENT, BACKEND):
        seen = b''.join(message.data for message in dialogue.messages if message.sender == sender)
        assert seen + dialogue.tail[sender] == sent[sender], 'the bytes changed'
    return dialogue


#: what conversations are cut by
SLICERS: tuple[Slicer, ...] = (single_bytes, *(randomly(seed) for seed in range(5)))


def same_in_every_slicing(cls: type[MessageProtocol], turns: list[Turn], slicers: Iterable[Slicer] = SLICERS,
                          **settings: object) -> Dialogue:
    """Replay whole, byte by byte and in random slices; the messages must be the same. Returns the whole replay."""
    expected = replay(cls, turns, whole, **settings)
    for slicer, running in ((whole, True), *product(slicers, (False, True))):
        found = replay(cls, turns, slicer, running, **settings)
        assert shown(found, running) == shown(expected, running)
        assert {who: bool(why) for who, why in found.opaque.items()} == \
            {who: bool(why) for who, why in expected.opaque.items()}
        assert found.tail == expected.tail
    return expected


def shown(dialogue: Dialogue, running: bool) -> list[Message]:
    """Return its messages, without the names of their requests where runs were passed over."""
    return [message._replace(name=message.name and '') if running else message for message in dialogue.messages]
