"""Loads of what is late on purpose: by how much more than it was told. Knows a relay by its port only."""
import selectors
import socket
import struct
import time
from statistics import quantiles

from tests.support import peers

from .kinds import Relay

DELAY = 0.1                 #: [s] that each answer is told to be late by
QUESTION, ANSWER = b'PING\r\n', b'+PONG\r\n'    #: of Redis
ROUNDS = 30                 #: questions of each connection
SECONDS = 5.0               #: that bytes are counted for
ENDLESS = 1 << 50           #: [bytes] more than come in that time
READ = bytearray(1024 * 1024)

Figures = dict[str, float]


class Asker:
    """Connections that ask over and over, and how late their answers were.

    Args:
        port: Where they ask.
        connections: How many.
    """

    def __init__(self, port: int, connections: int) -> None:
        self.late: list[float] = []     #: [s] after ``DELAY``, answer by answer
        self._selector = selectors.DefaultSelector()
        self._asked: dict[socket.socket, float] = {}
        self.socks = [peers.connect(port) for _ in range(connections)]
        for sock in self.socks:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(sock, selectors.EVENT_READ)

    def ask(self, sock: socket.socket) -> None:
        """Ask once."""
        self._asked[sock] = time.perf_counter()
        sock.send(QUESTION)

    def answers(self, timeout: float | None = None) -> list[socket.socket]:
        """Return the connections whose answers have come within so many seconds.

        Raises:
            RuntimeError: Something else has come.
        """
        found = []
        for key, _ in self._selector.select(timeout):
            sock: socket.socket = key.fileobj   # type: ignore[assignment]
            data, now = sock.recv(64), time.perf_counter()
            if data != ANSWER:
                raise RuntimeError(f'{data!r} has come and not {ANSWER!r}')
            self.late.append(now - self._asked[sock] - DELAY)
            found.append(sock)
        return found

    def close(self) -> None:
        """Close all connections."""
        for sock in self.socks:
            sock.close()
        self._selector.close()

    def in_step(self, rounds: int) -> None:
        """Let all ask at the same moment, and again when the last answer has come."""
        for _ in range(rounds):
            for sock in self.socks:
                self.ask(sock)
            left = len(self.socks)
            while left:
                left -= len(self.answers())

    def spread(self, rounds: int) -> None:
        """Let them begin one after the other within ``DELAY``, and each ask again when its answer has come."""
        begin, waiting = time.perf_counter(), list(reversed(self.socks))
        left = dict.fromkeys(self.socks, rounds)
        while left:
            now = time.perf_counter()
            while waiting and now >= begin + DELAY * (len(self.socks) - len(waiting)) / len(self.socks):
                self.ask(waiting.pop())
            for sock in self.answers(0.0005 if waiting else None):
                left[sock] -= 1
                if left[sock]:
                    self.ask(sock)
                else:
                    del left[sock]


def late(relay: Relay, connections: int, in_step: bool, scale: float) -> Figures:
    """Ask over some connections, and return how many answers came, and by how much too late they were [s]: ``p50`` and ``p99``.

    The first answer of each connection is counted, and how late it was is not: it waits for the connection to be opened.

    Args:
        relay: What is told to hold each answer back for ``DELAY``.
        connections: How many.
        in_step: All ask at the same moment; else they are spread over ``DELAY``.
        scale: 1, or less for a shorter run.
    """
    asker = Asker(relay.port, connections)
    ask = asker.in_step if in_step else asker.spread
    try:
        ask(1)      # the relay takes the connections, and connects to the backend
        opening, asker.late = len(asker.late), []
        ask(max(2, int(ROUNDS * scale)))
    finally:
        asker.close()
    cuts = quantiles(asker.late, n=100)
    return {'count': opening + len(asker.late), 'p50': cuts[49], 'p99': cuts[98]}


def pace(relay: Relay, scale: float) -> Figures:
    """Receive for some seconds as fast as bytes come, and return the rate from the first of them to the last [bytes/s]."""
    with peers.connect(relay.port) as sock:
        sock.sendall(struct.pack('!Q', ENDLESS))
        until = time.perf_counter() + SECONDS * scale
        uncounted = sock.recv_into(READ)
        first = last = time.perf_counter()
        count = 0
        while last < until and (size := sock.recv_into(READ)):
            count, last = count + size, time.perf_counter()
    if not (uncounted and count):
        raise RuntimeError('no bytes have come')
    return {'count': count, 'rate': count / (last - first)}
