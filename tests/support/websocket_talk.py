"""A conversation of WebSocket without connections: what is fed in each direction, and what leaves in it."""
from collections.abc import Mapping
from typing import Any

from vaurien.protocols.base import Exchange
from vaurien.protocols.http import HTTP
from vaurien.protocols.http.ws.handshake import Agreed
from vaurien.relay.chaos import Chaos
from vaurien.relay.draws import Draws
from vaurien.relay.websocket.talk import Talk
from vaurien.spec import BehaviorSpec

NOTHING: Mapping[str, Mapping[str, Any]] = {}
CLEAR = Agreed()    # nothing is compressed


class Spoken:
    """Carries a conversation: what has left in each direction, and how it was ended.

    Args:
        mix: Behaviors, each its name, its weight and its settings.
        agreed: What the two sides have agreed on.
        seed: That of what is drawn.
    """

    def __init__(self, *mix: tuple[str, float, dict[str, Any]], agreed: Agreed = CLEAR, seed: int = 7) -> None:
        self.left = {True: b'', False: b''}
        self.ends: list[str] = []
        self.faults: list[tuple[str, str]] = []
        self.client = self.backend = self
        self.closed = False
        self.waits: list[tuple[Any, Any]] = []
        self.protocol = HTTP({})
        self.protocol.session = self
        specs = [BehaviorSpec(name=name, percent=percent, settings=settings) for name, percent, settings in mix]
        self.draws = Draws(Chaos(specs, NOTHING, HTTP), seed, 'talk', 1)
        self.talk = Talk(self, self.protocol, self, agreed)     # type: ignore[arg-type]

    # -- what a session, and what carries, is asked

    def injected(self, exchange: Exchange, kind: str) -> None:
        self.faults.append((exchange.name, kind))

    def random_of(self, exchange: Exchange) -> Any:
        return self.draws.random_of(exchange)

    def lose_track(self, reason: str) -> None:
        self.ends.append(reason)

    def write(self, to_backend: bool, data: bytes) -> None:
        self.left[to_backend] += data

    def wait(self, direction: Any, unit: Any) -> None:
        self.waits.append((direction, unit))

    def end(self, how: str) -> None:
        self.ends.append(how)

    def close(self, reset: bool) -> None:
        self.talk.finished()
        self.ends.append('reset at once' if reset else 'closed at once')

    def linger(self) -> None:
        self.ends.append('lingers')

    def lost(self, direction: Any, reason: str) -> None:
        self.ends.append(f'{"send" if direction.to_backend else "receive"}: {reason}')

    # -- what a test does

    def say(self, to_backend: bool, data: bytes, size: int = 0) -> bytes:
        """Feed bytes in pieces of a size, 0 being all at once; return all that has left in that direction so far."""
        direction = self.talk.up if to_backend else self.talk.down
        for at in range(0, len(data), size or len(data)):
            if not self.talk.over:
                direction.feed(data[at:at + (size or len(data))])
        return self.left[to_backend]


