"""What a contender is: something that relays, how it is started, and the row that it is. Knows no program."""
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from tests.support import peers


class Relay(NamedTuple):
    """Something that relays to a backend.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        pid: Its process; None: there is nothing in between.
        again: Starts one more like it.
    """

    port: int
    pid: int | None
    again: 'Callable[[], AbstractContextManager[Relay]] | None' = None


Start = Callable[[str], AbstractContextManager[Relay]]     # from a backend's address


class Contender(NamedTuple):
    """One row of the result.

    Attributes:
        name: What it is called there.
        start: Starts it in front of a backend.
        only: The names of the measurements that it takes part in; empty: all.
        tls: Starts it in front of a backend that speaks TLS, so that it ends TLS on both sides; None: it takes no part there.
        needs: A program that is on no machine by itself: without it on the path the row is left out; empty: nothing.
    """

    name: str
    start: Start
    only: tuple[str, ...] = ()
    tls: Start | None = None
    needs: str = ''


def accepts(port: int) -> bool:
    """Say that a port takes a connection; it raises ``OSError`` where it does not."""
    peers.connect(port).close()
    return True
