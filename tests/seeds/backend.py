"""What stands between the proxy and a real server: bytes pass, and answers come whole or in small pieces. Knows no protocol."""
import contextlib
from collections.abc import Iterator
from random import Random

import gevent
from gevent import socket

from tests.support.unit_of_time import MS, PATIENCE

HOST = '127.0.0.1'
#: [bytes] of an answer that come in small pieces; the rest comes as it is
MINCED = 60


class Between:
    """Passes connections on to a server.

    Args:
        address: The server's.

    Attributes:
        random: Cuts the answers; None: they come as they are.
        address: Where it listens.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(':')
        self._server = host, int(port)
        self.random: Random | None = None
        self._listener = socket.socket()
        self._listener.bind((HOST, 0))
        self._listener.listen(256)
        self.address = f'{HOST}:{self._listener.getsockname()[1]}'
        self._accepting = gevent.spawn(self._accept)
        self._passing: set[gevent.Greenlet] = set()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            server = socket.create_connection(self._server)
            for sock in (client, server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for call in (self._ask, self._answer):
                passing = gevent.spawn(call, client, server)
                self._passing.add(passing)
                passing.link(self._passing.discard)

    @staticmethod
    def _ask(client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                for piece in pieces(self.random, data):
                    client.sendall(piece)
        client.close()
        server.close()

    def wait_idle(self) -> None:
        """Wait until nothing passes any more: what is said to the server next comes after all that was said before."""
        gevent.joinall(list(self._passing), timeout=PATIENCE)

    def close(self) -> None:
        self._accepting.kill()
        gevent.killall(list(self._passing))
        self._listener.close()


def pieces(random: Random | None, data: bytes) -> Iterator[bytes]:
    """Yield data in pieces, the first ones small and with pauses after them; without a generator as it is."""
    start = 0
    while random is not None and start < min(len(data), MINCED):
        end = start + random.choice((1, 1, 3, 10, 50))
        yield data[start:end]
        start = end
        gevent.sleep(random.choice((0, 0, 0.2, 0.5)) * MS)
    if start < len(data):
        yield data[start:]
