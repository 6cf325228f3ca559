"""Relays TCP as it comes, and keeps a sum of what has passed: two of them tell whether what is between them is true."""
import contextlib
import hashlib
import socket
import threading
from collections.abc import Iterator
from typing import NamedTuple

from .peers import READ, connect, listener
from .processes import HOST
from .unit_of_time import PATIENCE


class Passed(NamedTuple):
    """What has passed in one direction of a connection."""

    size: int
    digest: str


class Tap:
    """One.

    Args:
        port: Where it leads, on 127.0.0.1.

    Attributes:
        passed: What has passed on connections that are over: to the backend, and to the client.
    """

    def __init__(self, port: int) -> None:
        self._to, self._listening = port, listener(HOST)
        self.port: int = self._listening.getsockname()[1]
        self.address = f'{HOST}:{self.port}'
        self.passed: list[tuple[Passed, Passed]] = []
        self._threads: list[threading.Thread] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        sums: list[Passed] = []
        with client, connect(self._to) as backend:
            for sock in (client, backend):
                sock.settimeout(None)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=lambda: sums.append(move(backend, client)), daemon=True)
            back.start()
            there = move(client, backend)
            back.join()
        self.passed.append((there, sums[0]))

    def close(self) -> None:
        """Take no more connections, and wait for those that there are."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), 'a connection is not over'


def move(source: socket.socket, dest: socket.socket) -> Passed:
    """Move all that comes, and its end."""
    digest, count = hashlib.sha256(), 0
    with contextlib.suppress(OSError):
        while data := source.recv(READ):
            digest.update(data)
            count += len(data)
            dest.sendall(data)
        dest.shutdown(socket.SHUT_WR)
    return Passed(count, digest.hexdigest())


@contextlib.contextmanager
def tap(port: int) -> Iterator[Tap]:
    """Run one."""
    running = Tap(port)
    try:
        yield running
    finally:
        running.close()
