"""What a seed draws, told beforehand. Knows the mix, and no stream."""
from collections.abc import Iterable
from random import Random
from typing import Any

from vaurien.protocols import Protocol
from vaurien.relay.chaos import Chaos
from vaurien.spec import BehaviorSpec

from .proxied import SEED


def failing(name: str, protocol: str, entry: dict[str, Any], fits: Iterable[bool]) -> list[int]:
    """Return which requests of the first session of a proxy fail, counted from 0, where its mix is one error.

    Args:
        name: The proxy's name.
        protocol: Its protocol.
        entry: The only entry of its mix.
        fits: For each request for which a draw is made whether the kind fits there; where not, it waits for the next that does.
    """
    chaos, random = Chaos([BehaviorSpec(**entry)], {}, Protocol.get(protocol)), Random(f'{SEED}/{name}/1')
    found, owed = [], False
    for number, fit in enumerate(fits):
        owed = chaos.draw(random).name == entry['name'] or owed
        if fit and owed:
            found.append(number)
            owed = False
    return found
