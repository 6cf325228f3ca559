"""What the tests tell: where each begins and ends, and how. A socket that only this user can open. Knows no proxy and no plan."""
import contextlib
import json
import os
from collections.abc import Callable
from typing import Any

from gevent import socket
from gevent.server import StreamServer

#: where the tests find it, and the file with those that are to be run
VARIABLE, CHOSEN_VARIABLE = 'VAURIEN_EXPLORE', 'VAURIEN_EXPLORE_TESTS'
BACKLOG = 64
MAX_LINE = 2**20    #: [bytes] of a message

Message = dict[str, Any]


class Channel:
    """Takes messages, lines of JSON, and answers each once it has been taken in.

    Args:
        path: Where it listens.
        told: Called with each message, and returns what is answered. Of a process that has said what it is called each has that
            as ``worker``, and the last, ``gone``, says that it has ended.
    """

    def __init__(self, path: str, told: Callable[[Message], Message]) -> None:
        self.path, self._told = path, told
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        os.chmod(path, 0o600)
        listener.listen(BACKLOG)
        self._server = StreamServer(listener, self._serve)
        self._server.start()

    def _serve(self, sock: Any, address: Any) -> None:
        file, worker = sock.makefile('rb'), ''
        with contextlib.suppress(OSError):      # it was reset
            while line := file.readline(MAX_LINE):
                message = read(line)
                worker = str(message.get('worker') or worker)
                if worker:
                    message['worker'] = worker
                sock.sendall(json.dumps(self._told(message)).encode() + b'\n')
        if worker:
            self._told({'do': 'gone', 'worker': worker})

    def close(self) -> None:
        """Take no more."""
        self._server.stop()


def read(line: bytes) -> Message:
    """Return the message of a line; one that is none says what it is."""
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    return message if isinstance(message, dict) else {'do': 'nothing that is JSON', 'line': line.decode('utf-8', 'replace')}
