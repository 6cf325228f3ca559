"""One open session through each real member, all the time: bytes at random go through it, and what comes back is compared."""
import contextlib
import os
import random
import threading
import time
from collections.abc import Sequence
from socket import socket
from typing import NamedTuple

from tests.support.peers import read_exactly

from .real import Real

PAUSE = 0.1     #: [s] between two rounds through all of them
LONGEST = 4096      #: [bytes] at once


class Relayed(NamedTuple):
    """What has happened in some time.

    Attributes:
        total: Bytes that went through and back.
        wrong: Pieces that came back as others.
        ended: Sessions that have ended.
        slowest: The longest round through all members [s].
    """

    total: int = 0
    wrong: int = 0
    ended: int = 0
    slowest: float = 0.0


class Relaying:
    """Relays through members from ``start`` to ``close``.

    Attributes:
        resting: Set while nothing goes through them.
    """

    def __init__(self, members: Sequence[Real]) -> None:
        self._members, self._done, self._lock = members, Relayed(), threading.Lock()
        self._sockets: list[socket] = []
        self._ended, self.resting = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._relay, daemon=True)

    def start(self) -> None:
        """Begin with a session through each."""
        self._sockets = [member.connect('calm') for member in self._members]
        self._thread.start()

    def _relay(self) -> None:
        draw = random.Random(7)
        while not self._ended.wait(PAUSE):
            if self.resting.is_set():
                continue
            began = time.monotonic()
            pieces = [os.urandom(draw.randint(1, LONGEST)) for _ in self._sockets]
            sent = [self._send(at, piece) for at, piece in enumerate(pieces)]
            results = [self._compare(at, piece) if sent[at] else None for at, piece in enumerate(pieces)]
            took = time.monotonic() - began
            with self._lock:
                done = self._done
                self._done = Relayed(done.total + sum(map(len, pieces)), done.wrong + results.count(False),
                                     done.ended + results.count(None), max(done.slowest, took))

    def _send(self, at: int, piece: bytes) -> bool | None:
        try:
            self._sockets[at].sendall(piece)
        except OSError:
            return self._anew(at)
        return True

    def _compare(self, at: int, piece: bytes) -> bool | None:
        try:
            return read_exactly(self._sockets[at], len(piece)) == piece
        except (OSError, EOFError):
            return self._anew(at)

    def _anew(self, at: int) -> None:
        self._sockets[at].close()
        with contextlib.suppress(OSError):
            self._sockets[at] = self._members[at].connect('calm')

    def take(self) -> Relayed:
        """Return what has happened since this was asked last."""
        with self._lock:
            done, self._done = self._done, Relayed()
        return done

    def close(self) -> None:
        """End it."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        for sock in self._sockets:
            sock.close()
