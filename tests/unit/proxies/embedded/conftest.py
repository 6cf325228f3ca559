"""The embedded backend in a thread with an event loop of its own; nothing else does so."""
import http.client
import socket
import threading
from collections.abc import Iterator

import gevent
import pytest
from gevent.event import Event

from tests.support.unit_of_time import PATIENCE
from vaurien.proxies.embedded.server import Embedded


class Running:
    """The backend, started in a thread."""

    def __init__(self) -> None:
        self.embedded = Embedded()
        self._started, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._started.wait(PATIENCE)
        self.address = tuple(self.embedded.address)

    def _run(self) -> None:
        hub = gevent.get_hub()
        self._stop, waiter = hub.loop.async_(), Event()
        self._stop.start(waiter.set)
        self.embedded.start()
        self._started.set()
        waiter.wait()
        self.embedded.stop()
        self._stop.close()
        hub.destroy(destroy_loop=True)

    def stop(self) -> None:
        self._stop.send()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self.address, timeout=PATIENCE)

    def raw(self) -> socket.socket:
        return socket.create_connection(self.address, PATIENCE)


@pytest.fixture(scope='module')
def backend() -> Iterator[Running]:
    running = Running()
    yield running
    running.stop()


@pytest.fixture
def connection(backend: Running) -> Iterator[http.client.HTTPConnection]:
    connection = backend.connection()
    yield connection
    connection.close()
