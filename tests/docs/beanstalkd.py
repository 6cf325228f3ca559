"""A work queue as beanstalkd has it, as far as the examples of the docs need one (beanstalkd, doc/protocol.txt)."""
import socketserver
from collections import deque
from typing import Any


class Session(socketserver.StreamRequestHandler):
    """One connection."""

    server: 'Queue'

    def handle(self) -> None:
        for line in self.rfile:
            verb, *words = line.decode().split()
            if verb == 'quit':
                return
            self.wfile.write(getattr(self, verb)(*words))

    def use(self, tube: str) -> bytes:
        return f'USING {tube}\r\n'.encode()

    def put(self, *words: str) -> bytes:
        body = self.rfile.read(int(words[3]) + 2)
        self.server.jobs.append((self.server.number, body))
        self.server.number += 1
        return b'INSERTED %d\r\n' % (self.server.number - 1)

    def reserve(self) -> bytes:
        number, body = self.server.jobs.popleft()
        self.server.reserved.add(number)
        return b'RESERVED %d %d\r\n%b' % (number, len(body) - 2, body)

    def delete(self, number: str) -> bytes:
        if int(number) not in self.server.reserved:
            return b'NOT_FOUND\r\n'
        self.server.reserved.remove(int(number))
        return b'DELETED\r\n'


class Queue(socketserver.ThreadingTCPServer):
    """The server; it listens on a free port of 127.0.0.1."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), Session)
        self.jobs: deque[Any] = deque()
        self.reserved: set[int] = set()
        self.number = 1

    @property
    def address(self) -> str:
        return f'127.0.0.1:{self.server_address[1]}'
