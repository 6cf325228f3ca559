"""The npm package toxiproxy-node-client, installed in a temporary folder and driven from here, one call a line.

Knows what the package exports, and nothing of vaurien.
"""
import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .processes import MissingServer, folder, program, run

PACKAGE = 'toxiproxy-node-client@4.1.0'
#: reads {"on": object, "call": method, "args": [...], "as": name} from each line, and writes {"value": ...} or {"error": ...}
BRIDGE = """
const {Toxiproxy} = require('toxiproxy-node-client');
const readline = require('node:readline');
const objects = {};
const shown = value => value && value.toJson ? value.toJson() : value;

async function answer({on, call, args, as}) {
  if (call === 'new') { objects[as] = new Toxiproxy(...args); return null; }
  const value = await objects[on][call](...args);
  if (as) objects[as] = value;
  return value && Object.values(value).every(entry => entry && entry.toJson)
    ? Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, shown(entry)])) : shown(value);
}

(async () => {
  for await (const line of readline.createInterface({input: process.stdin})) {
    const said = await answer(JSON.parse(line)).then(value => ({value}), error => ({error: error.message}));
    process.stdout.write(JSON.stringify(said) + '\\n');
  }
})();
"""


class NodeError(Exception):
    """What the client has thrown; its message."""


class Node:
    """A process of node in which the client is driven.

    Args:
        where: The folder that the package is installed in.
    """

    def __init__(self, where: Path) -> None:
        self._process = subprocess.Popen([program('node'), '-e', BRIDGE], cwd=where, text=True, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)

    def call(self, on: str, call: str, *args: Any, into: str = '') -> Any:
        """Call a method and await what it promises.

        Args:
            on: The object, by the name that it was kept under; ``call`` is ``new`` for a client.
            call: The method.
            args: Its arguments, as JSON.
            into: The name to keep what it gives under; empty: not.

        Raises:
            NodeError: It has thrown.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({'on': on, 'call': call, 'args': args, 'as': into}), file=self._process.stdin, flush=True)
        said = json.loads(self._process.stdout.readline())
        if 'error' in said:
            raise NodeError(said['error'])
        return said.get('value')

    def close(self) -> None:
        """End it."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()


@contextlib.contextmanager
def node_client(package: str = PACKAGE) -> Iterator[Path]:
    """Give a folder that the client, or another package, is installed in.

    Raises:
        MissingServer: There is no npm, or it cannot install that.
    """
    npm = program('npm')
    program('node')
    with folder() as where:
        try:
            run([npm, 'install', '--no-audit', '--no-fund', '--prefix', str(where), package], where)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            raise MissingServer(f'npm cannot install {package}: {error}') from None
        yield where
