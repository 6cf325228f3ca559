"""Checks that a framer's ``run`` says the same as its ``scan``. Knows no stream, and no message but by its parts."""
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..protocols.base import Exchange, SharedExchange
from ..protocols.message import NO_RUN, Cutter, Framer, MessageProtocol, Part, Run
from .rules import require

MOST = 50   #: [messages] of the runs that are asked for
#: what of a protocol and its framers changes with every message
CHANGING = ('queue', 'owner', 'exchange', 'open', 'seen', 'protocol')


def found(cls: type, protocol: MessageProtocol, cutter: Cutter, data: bytes) -> Run:
    """Ask for the run at the front of what has come, as lanes do, and check that shorter runs are the beginnings of it."""
    framer = cutter.framer
    if not data or framer.open or framer.rest or cutter.held or protocol.editing:
        return NO_RUN
    before = state(protocol)
    end, exchanges = cutter.run(data, MOST)
    at = 0
    for count, _ in enumerate(exchanges, 1):
        after, shorter = cutter.run(data, count)
        same = at < after and list(shorter) == list(exchanges[:count])
        require(cls, same, 'a run of fewer messages is the beginning of one of more')
        at = after
    require(cls, at == end <= len(data), 'a run ends where its last message ends')
    if cutter is protocol.response_cutter:
        first = list(islice(protocol.queue, len(exchanges)))
        require(cls, first == list(exchanges), 'a run of responses belongs to the first of the queue')
    require(cls, state(protocol) == before, 'run changes nothing')
    return end, exchanges


def compared(cls: type, protocol: MessageProtocol, cutter: Cutter, data: bytes, run: Run) -> Iterator[Part]:
    """Cut what has come, pass on the parts that ``scan`` reports, and check that those of a run's messages are as it says."""
    end, exchanges = run
    parts = cutter.cut(data)
    left, expected = deque(exchanges), state(protocol) if exchanges else {}
    if exchanges and cutter.ran is not None:
        framer = cutter.framer.apart()
        framer.ran(data, end)
        expected = state(protocol, framer)
    for part in parts:
        at, exchange, done = part
        if left:
            shared = left[0]
            require(cls, exchange is shared or isinstance(shared, SharedExchange) and _alike(cutter, exchange, shared),
                    'each message of a run belongs to the exchange that scan says, or to one for all of its kind')
            if done:
                left.popleft()
                require(cls, left or at == end, 'run and scan agree where messages end')
                require(cls, left or state(protocol) == expected, 'the messages of a run change nothing but what ran records')
        yield part
    require(cls, not left, 'scan reports all messages of a run')


def _alike(cutter: Cutter, exchange: Exchange | None, shared: SharedExchange) -> bool:
    framer = cutter.framer
    usual = framer.mixed or shared.expects and shared.stage not in framer.protocol.undrawn
    return usual and exchange is not None and (exchange.stage, exchange.expects) == (shared.stage, shared.expects)


def state(protocol: MessageProtocol, apart: Framer[Any] | None = None) -> dict[tuple[int, str], Any]:
    """Return what a protocol and its framers know, but for what changes with every message.

    Args:
        protocol: The protocol.
        apart: In place of the framer that it was made from, with its protocol; None: as they are.
    """
    owners: list[Any] = [protocol, protocol.request_cutter.framer, protocol.response_cutter.framer]
    if apart is not None:
        owners = [apart.protocol, *(apart if type(framer) is type(apart) else framer for framer in owners[1:])]
    return {(place, name): repr(value) if isinstance(value, dict | set | list) else value
            for place, owner in enumerate(owners) for name, value in vars(owner).items() if name not in CHANGING}
