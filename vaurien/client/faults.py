"""A fault that was injected, as the server tells of it. Knows no server."""
from collections.abc import Mapping
from typing import Any, NamedTuple


class Fault(NamedTuple):
    """One injected fault.

    Attributes:
        id: Counted from 1 in the process.
        time: Seconds since 1970.
        proxy: The proxy's name.
        session: The session's number in its proxy, from 1.
        exchange: The exchange's number in its session, from 1; 0: the opening of the connection.
        behavior: The behavior's name.
        kind: Which error; empty for behaviors that have no kinds.
        request: The request's name; empty where the protocol knows no requests.
        plan: The id of the entry of the plan that meant this request; 0: it was drawn.
    """

    id: int
    time: float
    proxy: str
    session: int
    exchange: int
    behavior: str
    kind: str
    request: str
    plan: int = 0


def read_fault(data: Mapping[str, Any]) -> Fault:
    """Make a fault of the server's words; what a newer server says beyond them is left out, and an older one knows no plan."""
    return Fault(**{name: data[name] for name in Fault._fields if name in data})
