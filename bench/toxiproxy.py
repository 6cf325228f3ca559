"""Toxiproxy beside us, where its server is on the path. Knows its command line, its file and its API, and no measurement."""
import contextlib
import http.client
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.support.peers import free_port
from tests.support.processes import HOST, folder, program, serving

from .kinds import Relay, Start, accepts

SERVER = 'toxiproxy-server'
NAME = 'relay'      #: of its one proxy
ENOUGH = 30.0       #: [s] for a call

Toxic = tuple[str, Mapping[str, Any]]       #: its type and its attributes, of responses


def there() -> bool:
    """Return whether this machine has it."""
    return shutil.which(SERVER) is not None


def toxiproxy(toxics: Sequence[Toxic] = ()) -> Start:
    """Make a ``start`` for Toxiproxy with these toxics; it logs errors only, and the file is written before it starts."""
    @contextlib.contextmanager
    def start(address: str) -> Iterator[Relay]:
        with folder() as where:
            file, api = where / 'proxies.json', free_port()

            def line(port: int) -> Sequence[str]:
                file.write_text(json.dumps([{'name': NAME, 'listen': f'{HOST}:{port}', 'upstream': address, 'enabled': True}]))
                return (program('env'), 'LOG_LEVEL=error', program(SERVER), '-host', HOST, '-port', str(api),
                        '-config', str(file))

            with serving('toxiproxy', where, line, accepts) as running:
                for kind, attributes in toxics:
                    add(api, kind, attributes)
                yield Relay(running.port, running.pid)
    return start


def add(api: int, kind: str, attributes: Mapping[str, Any]) -> None:
    """Give the proxy a toxic of responses.

    Raises:
        RuntimeError: It is refused; the message has the answer.
    """
    connection = http.client.HTTPConnection(HOST, api, timeout=ENOUGH)
    with contextlib.closing(connection):
        body = json.dumps({'type': kind, 'stream': 'downstream', 'attributes': attributes})
        connection.request('POST', f'/proxies/{NAME}/toxics', body, {'Content-Type': 'application/json'})
        response = connection.getresponse()
        said = response.read().decode(errors='replace')
    if response.status != 200:
        raise RuntimeError(f'toxiproxy takes no {kind}: {response.status} {said.strip()}')
