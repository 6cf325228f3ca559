"""Members that are real processes of vaurien, with two proxies each: ``shop`` for faults, and ``calm``, which relays on."""
import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from socket import socket
from typing import NamedTuple

from tests.support.daemon import PROXY, Daemon
from tests.support.peers import ask, connect, echo_server

FLEET = '''
[vaurien]
fleet_only = yes
[proxy:shop]
proxy = 127.0.0.1:0
backend = 127.0.0.1:{port}
[proxy:calm]
proxy = 127.0.0.1:0
backend = 127.0.0.1:{port}
'''


class Place(NamedTuple):
    """Where such processes are.

    Attributes:
        url: The cluster, as it is reached from there.
        inside: Puts this thread there for a block.
        env: What the environment has there beside ours.
    """

    url: str
    inside: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
    env: Mapping[str, str] | None = None


class Real:
    """One of them.

    Args:
        name: Its name in the cluster.
        process: It.
        place: Where it is.
    """

    def __init__(self, name: str, process: Daemon, place: Place) -> None:
        self.name, self.process, self.place = name, process, place
        self._ports = {proxy: port for proxy, (_, port) in process.proxies.items()}

    def connect(self, proxy: str) -> socket:
        """Return a connection to one of its proxies."""
        with self.place.inside():
            return connect(self._ports[proxy])

    @property
    def faulty(self) -> bool:
        """Whether a new session through ``shop`` is broken."""
        try:
            with self.connect('shop') as sock:
                return ask(sock, b'x') != b'x'
        except (ConnectionError, EOFError):
            return True


@contextlib.contextmanager
def begun(names: Sequence[str], place: Place, ttl: int) -> Iterator[list[Real]]:
    """Have some at a place until the end of the block, with a server that echoes behind them."""
    with contextlib.ExitStack() as ending:
        with place.inside():
            backend = ending.enter_context(echo_server())
        path = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix='vaurien-')), 'fleet.ini')
        path.write_text(FLEET.format(port=backend.port))
        processes = []
        for name in names:
            with place.inside():
                processes.append(Daemon('--config', str(path), '--join', place.url, '--cluster-ttl', str(ttl), '--member', name,
                                        env=place.env))
            ending.callback(processes[-1].close)
        for process in processes:
            process.wait_for(PROXY, 2)
        yield [Real(name, process, place) for name, process in zip(names, processes, strict=True)]
        for process in processes:
            assert process.stop() == 0, process.log[-2000:]
