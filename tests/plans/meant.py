"""What a plan and the journal have to say of the one request that was meant. Knows no protocol."""
from typing import NamedTuple

from vaurien.testing import PlannedFault, RunningProxy


class Meant(NamedTuple):
    """The request that was meant and that got it.

    Args:
        session: Its session.
        exchange: Its number there.
    """

    session: int
    exchange: int


def meant(proxy: RunningProxy, fault: PlannedFault, matched: int | None, where: tuple[int, int]) -> Meant:
    """Compare what is said of an entry that was in force with what was meant, and return that.

    Args:
        proxy: The proxy; its journal is forgotten.
        fault: The entry.
        matched: How many requests it has matched; None: it does not matter.
        where: The session and the exchange.
    """
    assert [(found.session, found.exchange) for found in fault.where] == [where]
    assert (fault.applied, fault.reason) == (1, '')
    assert matched in (None, fault.matched)
    assert [(found.session, found.exchange, found.plan) for found in proxy.faults] == [(*where, fault.id)]
    proxy.reset()
    return Meant(*where)
