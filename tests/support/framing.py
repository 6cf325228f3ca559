"""Replays a conversation through the framers of a protocol, without any network, in any slicing."""
from collections.abc import Callable, Iterable
from itertools import product
from random import Random
from typing import NamedTuple

from vaurien.conformance.runs import compared, found
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Cutter, MessageProtocol, Part, Run

CLIENT, BACKEND = '>', '<'
Turn = tuple[str, bytes]
Slicer = Callable[[bytes], Iterable[bytes]]


class Message(NamedTuple):
    """One message: who sent it, the request it belongs to (None: no request asked for it), its bytes."""

    sender: str
    name: str | None
    data: bytes


class FakeSession:
    """Stands in for the session of a protocol: its generator, and the list of its faults."""

    backend_name, stages = 'backend.test:80', frozenset[str]()

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
        cls = type(self.protocol)
        run = found(cls, self.protocol, cutter, data)
        parts: Iterable[Part] = ()
        if not self.running:
            parts = compared(cls, self.protocol, cutter, data, run)
        elif data := data[self._pass_over(sender, data, run):]:
            parts = cutter.cut(data)
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
        queue, start = self.protocol.queue, 0
        end, exchanges = run
        for count, _ in enumerate(exchanges, 1):
            after, _ = self.cutter(sender).run(data, count)
            self.messages.append(Message(sender, '', data[start:after]))
            start = after
        if sender == CLIENT:
            queue.extend(exchange for exchange in exchanges if exchange.expects)
            if end and (ran := self.cutter(sender).ran):
                ran(data, end)
        else:
            for _ in exchanges:
                queue.popleft()
        return end

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
    expected = replay(cls, turns, whole, running=False, **settings)
    for slicer, running in ((whole, True), *product(slicers, (False, True))):
        found = replay(cls, turns, slicer, running=running, **settings)
        assert shown(found, running) == shown(expected, running)
        assert {who: bool(why) for who, why in found.opaque.items()} == \
            {who: bool(why) for who, why in expected.opaque.items()}
        assert found.tail == expected.tail
    return expected


def shown(dialogue: Dialogue, running: bool) -> list[Message]:
    """Return its messages, without the names of their requests where runs were passed over."""
    return [message._replace(name=message.name and '') if running else message for message in dialogue.messages]
