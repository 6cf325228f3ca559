"""Real etcd for tests: one member or three, each killed and started again by its own id; and a wire to it that can be cut.

Knows nothing of vaurien's keys.
"""
import contextlib
import http.client
import os
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from .peers import free_port, listener
from .processes import HOST, START, MissingServer, program
from .tls import certificates, client_context
from .unit_of_time import MS, PATIENCE

MEMORY = '/dev/shm'
#: [ms] of Raft: short, so that a test need not wait long for a new leader, and long enough for a busy machine
HEARTBEAT, ELECTION = 100, 1000


class Etcds:
    """Members of one etcd.

    Args:
        where: The folder of their data.
        count: How many.
        tls: Whether clients speak TLS with them.
        beside: Other addresses of this machine that they listen at.
    """

    def __init__(self, where: Path, count: int = 3, tls: bool = False, beside: Sequence[str] = ()) -> None:
        self._path, self._where, self._tls, self._beside = program('etcd'), where, tls, beside
        self.ports = [free_port() for _ in range(count)]
        self._peers = [free_port() for _ in range(count)]
        self.processes: list[subprocess.Popen[bytes] | None] = [None] * count

    def start(self, number: int | None = None) -> None:
        """Start a member again, or all of them, and wait until they answer."""
        numbers = range(len(self.ports)) if number is None else [number]
        for at in numbers:
            self.processes[at] = self._begin(at)
        for at in numbers:
            self._wait(at)

    def _begin(self, at: int) -> 'subprocess.Popen[bytes]':
        scheme = 'https' if self._tls else 'http'
        client, peer = f'{scheme}://{HOST}:{self.ports[at]}', f'http://{HOST}:{self._peers[at]}'
        listening = ','.join(f'{scheme}://{host}:{self.ports[at]}' for host in (HOST, *self._beside))
        everyone = ','.join(f'm{number}=http://{HOST}:{port}' for number, port in enumerate(self._peers))
        files = ('--cert-file', certificates().cert, '--key-file', certificates().key) if self._tls else ()
        with (self._where / f'log{at}').open('ab') as output:
            return subprocess.Popen(
                [self._path, '--name', f'm{at}', '--data-dir', str(self._where / f'data{at}'), '--listen-client-urls', listening,
                 '--advertise-client-urls', client, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer,
                 '--initial-cluster', everyone, '--heartbeat-interval', str(HEARTBEAT), '--election-timeout', str(ELECTION),
                 '--logger', 'zap', *files], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env={'PATH': os.environ.get('PATH', ''), 'ETCD_UNSUPPORTED_ARCH': os.uname().machine})

    def _wait(self, at: int) -> None:
        begun = time.monotonic()
        while time.monotonic() - begun < START:
            process = self.processes[at]
            assert process is None or process.poll() is None, (self._where / f'log{at}').read_text(errors='replace')[-2000:]
            if self._asked(at, '/health') == 200:
                return
            time.sleep(20 * MS)
        raise RuntimeError(f'etcd does not answer: {(self._where / f"log{at}").read_text(errors="replace")[-2000:]}')

    def _asked(self, at: int, path: str) -> int:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(HOST, self.ports[at], timeout=START)
            if self._tls:
                connection = http.client.HTTPSConnection(HOST, self.ports[at], timeout=START, context=client_context())
            with contextlib.closing(connection):
                connection.request('GET', path)
                return connection.getresponse().status
        return 0

    def kill(self, number: int | None = None) -> None:
        """End a member with SIGKILL, or all of them."""
        for at in range(len(self.ports)) if number is None else [number]:
            process = self.processes[at]
            if process is not None:
                process.send_signal(signal.SIGKILL)
                process.wait(PATIENCE)
                self.processes[at] = None

    def url(self, name: str, user: str = '', ports: 'list[int] | None' = None, host: str = HOST) -> str:
        """Return where a cluster is."""
        hosts = ','.join(f'{host}:{port}' for port in ports or self.ports)
        return f'{"etcds" if self._tls else "etcd"}://{user}{"@" if user else ""}{hosts}/{name}'


@contextlib.contextmanager
def etcd_servers(count: int = 3, tls: bool = False, beside: Sequence[str] = ()) -> Iterator[Etcds]:
    """Run etcd with so many members."""
    program('etcd')
    # a disk that others keep busy would take seconds for what etcd writes
    with tempfile.TemporaryDirectory(prefix='vaurien-', dir=MEMORY if os.path.isdir(MEMORY) else None) as path:
        etcds = Etcds(Path(path), count, tls, beside)
        try:
            etcds.start()
            yield etcds
        finally:
            etcds.kill()


def etcd_or_skip(count: int) -> Iterator[Etcds]:
    """Run etcd for a fixture; where there is none the tests are skipped, unless all servers have to be there."""
    try:
        with etcd_servers(count) as running:
            yield running
    except MissingServer as error:
        if os.environ.get('VAURIEN_REQUIRE_SERVERS') == '1':
            raise
        pytest.skip(str(error))


class Cable:
    """A wire to a port that can be cut: nothing passes then, and nobody is told.

    Attributes:
        port: Where it listens.
        whole: Set while bytes pass.
        torn: After so many bytes of what the other side says next a connection ends; None: it goes on.
        passed: Bytes that have passed, both ways.
    """

    def __init__(self, target: int) -> None:
        self._target, self._listener = target, listener(HOST)
        self.port: int = self._listener.getsockname()[1]
        self.whole, self._ending = threading.Event(), threading.Event()
        self.whole.set()
        self.torn: int | None = None
        self.passed = 0
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while not self._ending.is_set():
            if select.select([self._listener], [], [], 50 * MS)[0]:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._pass_on, args=(client,), daemon=True)
                thread.start()
                self._threads.append(thread)

    def _pass_on(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            self._pass(client)

    def _pass(self, client: socket.socket) -> None:
        while not self.whole.wait(50 * MS):
            if self._ending.is_set():
                return
        with socket.create_connection((HOST, self._target), PATIENCE) as server:
            ways = {client: server, server: client}
            while not self._ending.is_set():
                if not self.whole.is_set():
                    self.whole.wait(50 * MS)
                    continue
                for source in select.select(list(ways), [], [], 50 * MS)[0]:
                    data = source.recv(65536)
                    last = source is server and self.torn is not None
                    if data:
                        ways[source].sendall(data[:self.torn] if last else data)
                        self.passed += len(data)
                    if last or not data:
                        return

    def close(self) -> None:
        """End it."""
        self._ending.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        self._listener.close()
