"""The page of a vaurien in a process of its own, with a proxy for each test. Knows its address alone."""
import itertools
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from vaurien.client import Client

from .daemon import Daemon, daemon
from .driven import Driven
from .peers import connect
from .unit_of_time import PATIENCE

CONTROL = ('--http', '--http-port', '0')
_numbers = itertools.count(1)


class Proxy(NamedTuple):
    """One proxy.

    Attributes:
        name: Its name.
        port: Where it listens.
    """

    name: str
    port: int

    @property
    def view(self) -> str:
        """Where on the page all about it is."""
        return f'#/proxy/{self.name}'


@contextmanager
def shared() -> Iterator[Daemon]:
    """Run a vaurien without a proxy, to be given one by each test; it does not wait for connections that the browser keeps."""
    with daemon('--fleet-only', '--seed', '1', '--grace', '0', *CONTROL, proxies=0) as process:
        yield process


def client_of(process: Daemon) -> Client:
    """Return a client of the control server of a process."""
    return Client('127.0.0.1', int(process.control.rpartition(':')[2]))


@contextmanager
def a_proxy(client: Client, **fields: Any) -> Iterator[Proxy]:
    """Make a proxy before an HTTP server of vaurien's own, and remove it in the end."""
    made = client.create(f'shop-{next(_numbers)}', **{'backend': 'embedded', 'protocol': 'http', **fields})
    try:
        yield Proxy(made['name'], int(made['address'].rpartition(':')[2]))
    finally:
        if made['name'] in [proxy['name'] for proxy in client.proxies()]:
            client.remove(made['name'])


def opened(window: Driven, process: Daemon, view: str = '#/') -> Driven:
    """Open a view of the page anew, and wait until it is told what happens."""
    window.sized(1400, 1200)
    window.open(f'{process.control}/{view}')
    window.reads('live')
    window.complaints()
    return window


def go(page: Driven, view: str) -> None:
    """Go to another view."""
    page.run('location.hash = arguments[0]', view)
    page.one('h1')


def get(port: int, path: str = '/') -> int:
    """Ask for something through a proxy, and return the status."""
    try:
        with urllib.request.urlopen(f'http://127.0.0.1:{port}{path}', timeout=PATIENCE) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def talk(port: int, line: str) -> Any:
    """Send a request whose first line is this, await its response, and return the connection."""
    connection = connect(port)
    connection.sendall(line.encode() + b' HTTP/1.1\r\nHost: x\r\n\r\n')
    while b'\r\n\r\n' not in connection.recv(65536):
        pass
    return connection
