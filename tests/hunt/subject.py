"""What the hunt has to be told of a protocol: what is asked, and what has to come of it. One file implements it for each.

The oracle of every subject holds:

* each answer belongs to its request: it has the request's own values, or is the error that the journal names for it;
* each request is answered, or its connection has ended for a reason: we cut it, or the journal says so;
* nothing else comes: no byte after the last answer;
* what the backend has at the end is what a server that failed so would have: refused requests have not been carried out.

How much of a session that was cut has been carried out cannot be known: it has to be some beginning of what was asked, at
least as much as was answered.
"""
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from random import Random
from typing import Any, Protocol

from .oracle import Seen


class Client(Protocol):
    """One client connected to the proxy.

    ``clients.Raw`` is one that sends bytes; a real client is wrapped, and ``clients.Tap`` shows which bytes it got. None of its
    methods raises because the connection has ended: that goes into ``end``.

    Attributes:
        port: Its own port.
        got: All bytes that came so far.
        end: How the connection ended: see ``Seen``.
        raised: What it raised that no failure of a server makes it raise.
    """

    port: int
    end: str
    raised: list[str]

    @property
    def got(self) -> bytes: ...

    def say(self, asks: Sequence[Any]) -> int:
        """Ask these, all at once where the client can; a real client that cannot hears each answer before it asks the next.

        Returns:
            How many it has asked: fewer where the connection has ended in between.
        """

    def hear(self, content: Callable[[], bool]) -> None:
        """Read until all is answered, or the connection has ended, or ``content()`` says that no more will come.

        Args:
            content: Asks the journal; call it when nothing has come for ``clients.STALL``, or when as many answers have come as
                are due without a fault, and give up after ``PATIENCE``.
        """

    def give_up_when(self, hopeless: Callable[[], bool]) -> None:
        """Take what a real client may ask that has waited for long: True, an answer was spoilt, and it shall wait no more."""

    def leave(self, how: str) -> None:
        """Close the connection: ``close``; ``reset``: with RST; ``half``: end our direction first, and read to the end."""


class Subject(Protocol):
    """One protocol.

    Attributes:
        name: Of the protocol in vaurien, and of this file.
        kinds: The kinds of ``error`` that are drawn. Empty is any of all kinds.
        lossy: Whether ``error`` with ``inject`` is tried.
        patient: Whether the server answers a client that has ended its direction.
    """

    name: str
    kinds: Sequence[str]
    lossy: bool
    patient: bool

    def server(self) -> AbstractContextManager[Any]:
        """Run the real server, once for all schedules; what it gives has an ``address``."""

    def plan(self, random: Random, word: str) -> tuple[dict[str, Any], list[list[Any]]]:
        """Plan one session.

        All that it returns can be written as JSON. Asks may be left out to shrink the schedule: what remains is to be legal, too,
        or at least judged rightly.

        Args:
            random: Where all chance comes from.
            word: Is in no other session; a part of every value and key, so that it can be told whose an answer is.

        Returns:
            How it is opened, given to ``connect`` (``{'as': 'raw'}``); and what it says, a list of requests each time.
        """

    def connect(self, plan: dict[str, Any], port: int) -> Client:
        """Connect a client to the proxy at a port of 127.0.0.1.

        Raises:
            OSError: It cannot be connected.
        """

    def judge(self, seen: Seen) -> list[str]:
        """Return what is wrong with what one session got, or its client raised; empty: all is well, and complete."""

    def inspect(self, address: str, seen: Sequence[Seen]) -> list[str]:
        """Look at the backend itself, after all sessions of a schedule have ended; remove what they have left there.

        Returns:
            What it has that it should not have, or the other way round.
        """
