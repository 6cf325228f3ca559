"""Checks that a framer's ``run`` says the same as its ``scan``. Knows no stream, and no message but by its parts."""
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from ..protocols.base import Exchange, SharedExchange
from ..protocols.message import NO_RUN, Cutter, MessageProtocol, Part, Run
from .rules import require

MOST = 50   #: [messages] of the runs that are asked for
#: what of a protocol and its framers changes with every message
CHANGING = ('queue', 'owner', 'exchange', 'open', 'seen')


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


def compared(cls: type, protocol: MessageProtocol, run: Run, parts: Iterable[Part]) -> Iterator[Part]:
    """Pass on the parts that ``scan`` reports, and check that those of the messages of a run are as the run says."""
    end, exchanges = run
    left, before = deque(exchanges), state(protocol) if exchanges else {}
    for part in parts:
        at, exchange, done = part
        if left:
            shared = left[0]
            require(cls, exchange is shared or isinstance(shared, SharedExchange) and _alike(protocol, exchange, shared),
                    'each message of a run belongs to the exchange that scan says, or to one for all of its kind')
            if done:
                left.popleft()
                require(cls, left or at == end, 'run and scan agree where messages end')
                require(cls, state(protocol) == before, 'the messages of a run change nothing')
        yield part
    require(cls, not left, 'scan reports all messages of a run')


def _alike(protocol: MessageProtocol, exchange: Exchange | None, shared: SharedExchange) -> bool:
    drawn = shared.stage not in protocol.undrawn
    return drawn and exchange is not None and (exchange.stage, exchange.expects) == (shared.stage, True)


def state(protocol: MessageProtocol) -> dict[tuple[int, str], Any]:
    """Return what a protocol and its framers know, but for what changes with every message."""
    owners = protocol, protocol.request_cutter.framer, protocol.response_cutter.framer
    return {(place, name): repr(value) if isinstance(value, dict | set | list) else value
            for place, owner in enumerate(owners) for name, value in vars(owner).items() if name not in CHANGING}
