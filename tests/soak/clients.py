"""Clients that talk, and then leave in every way there is. They check each byte that nothing was to happen to."""
import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable
from random import Random

from tests.support.peers import connect, read_to_end, reset

from .mischief import calm, wild
from .talks import CALM, FAULT, TALKS, Talk, WrongError

PATIENCE = 20.0     #: [s] for an answer that has to come; a busy machine is no fault
IMPATIENCE = 0.3    #: [s] for one that need not


def half_close(sock: socket.socket) -> None:
    sock.shutdown(socket.SHUT_WR)
    read_to_end(sock)


def ask_and_leave(sock: socket.socket) -> None:
    sock.sendall(b'GET /half HTTP/1.1\r\nHos')


def ask_and_reset(sock: socket.socket) -> None:
    sock.sendall(b'*2\r\n$3\r\nGET\r\n$1')
    reset(sock)


def ask_much_and_reset(sock: socket.socket) -> None:
    sock.settimeout(0.01)
    with contextlib.suppress(TimeoutError):
        for _ in range(100):
            sock.sendall(b'GET /calm HTTP/1.1\r\nHost: x\r\n\r\n' * 100)
    reset(sock)


def stay_a_while(sock: socket.socket) -> None:
    sock.settimeout(0.05)
    with contextlib.suppress(TimeoutError):
        read_to_end(sock)


#: how a client leaves
LEAVES: tuple[Callable[[socket.socket], None], ...] = (
    socket.socket.close, reset, half_close, ask_and_leave, ask_and_reset, ask_much_and_reset, stay_a_while,
)


class Worker(threading.Thread):
    """One client after another, until it is told to stop.

    Args:
        random: Where all chance comes from.
        ports: Of the proxies, by name.
        over: Set when it is enough.

    Attributes:
        counts: ``sessions``, ``verified`` [bytes], ``lost`` (connections that went, where they may), ...
        failures: What must not have happened.
    """

    def __init__(self, random: Random, ports: dict[str, int], over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.random, self.ports, self.over = random, ports, over
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []

    def run(self) -> None:
        while not self.over.is_set():
            self.counts['sessions'] += 1
            talk = self.random.choice(TALKS)
            strict = self.random.random() < 0.5
            try:
                (self.verify if strict else self.provoke)(talk)
            except Exception as failure:  # noqa: BLE001 - told at the end, with the seed
                self.failures.append(f'{talk.protocol}, {"calm" if strict else "wild"}: {failure!r}')
                self.over.set()

    def verify(self, talk: Talk) -> None:
        """Have a conversation that nothing happens to; every byte of it must come."""
        with connect(self.ports[calm(talk)]) as sock:
            sock.settimeout(PATIENCE)
            passed = talk.greet(sock)
            for _ in range(self.random.randint(0, 5)):
                passed += talk.ask(sock, CALM, self.random)
            self.counts['verified'] += passed
            self.leave(sock)

    def provoke(self, talk: Talk) -> None:
        """Have one that anything may happen to."""
        name = wild(talk) if self.random.random() < 0.7 or not talk.names else calm(talk)
        with contextlib.suppress(OSError, EOFError, WrongError), connect(self.ports[name]) as sock:
            self.counts['lost'] += 1
            sock.settimeout(IMPATIENCE)
            talk.greet(sock)
            for _ in range(self.random.randint(0, 5)):
                talk.ask(sock, FAULT, self.random)
            self.counts['lost'] -= 1
            self.leave(sock)

    def leave(self, sock: socket.socket) -> None:
        sock.settimeout(IMPATIENCE)
        with contextlib.suppress(OSError, EOFError):
            self.random.choice(LEAVES)(sock)
