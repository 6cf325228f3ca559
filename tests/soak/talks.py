"""What is said: for each protocol a simple server, and a client that knows every byte of its answers. Knows no vaurien."""
import contextlib
import socket
from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple
from zlib import crc32

from tests.support.peers import Handler, echo, read_exactly

CALM, FAULT = 'calm', 'fault'   #: the word in a request's name: nothing may happen to it; something may
SIZES = (0, 10, 1_000, 20_000, 200_000)     #: [bytes] of answers; the last one is worth a splice
PIPELINE = 12       #: requests sent before an answer is read, at most


class WrongError(Exception):
    """An answer is not what the server has sent."""


class Talk(NamedTuple):
    """One protocol.

    Args:
        protocol: Its name in vaurien.
        serve: The server's side of one connection.
        greeting: What the server says first.
        question: Makes a request of a name, and the answer that it has.
        names: Whether requests have names, so that one can be told from another.
    """

    protocol: str
    serve: Handler
    greeting: bytes
    question: Callable[[str, Random], tuple[bytes, bytes]]
    names: bool = True

    def greet(self, sock: socket.socket) -> int:
        """Read the greeting, and return how many bytes it has."""
        return expect(sock, self.greeting)

    def ask(self, sock: socket.socket, word: str, random: Random) -> int:
        """Ask a few things at once and check the answers.

        Returns:
            The bytes that have passed, both ways.

        Raises:
            WrongError: An answer is not right.
            OSError, EOFError: The connection has ended.
        """
        pairs = [self.question(f'{word}-{random.randrange(1000)}', random) for _ in range(random.randint(1, PIPELINE))]
        asked = b''.join(question for question, _ in pairs)
        sock.sendall(asked)
        return len(asked) + sum(expect(sock, answer) for _, answer in pairs)


def expect(sock: socket.socket, answer: bytes) -> int:
    """Read an answer and return its length.

    Raises:
        WrongError: It is another one.
    """
    found = read_exactly(sock, len(answer)) if answer else b''
    if found != answer:
        raise WrongError(f'expected {answer[:60]!r}, got {found[:60]!r} ({len(answer)} bytes)')
    return len(answer)


def value(name: str) -> bytes:
    """Return what a server has under a name: always the same, of one of some sizes."""
    size = SIZES[crc32(name.encode()) % len(SIZES)]
    return (f'{name};'.encode() * (size // (len(name) + 1) + 1))[:size]


def serve(talk: Talk) -> Handler:
    """Return the server's side, which ends a connection where it understands nothing, or nothing comes."""
    def handler(sock: socket.socket) -> None:
        with contextlib.suppress(ValueError, IndexError, TimeoutError):
            talk.serve(sock)
    return handler


def lines(sock: socket.socket) -> Iterator[bytes]:
    """Yield line by line what a client says."""
    with sock.makefile('rb') as said:
        while line := said.readline():
            yield line.rstrip(b'\r\n')


# -- tcp

def say(name: str, random: Random) -> tuple[bytes, bytes]:
    data = random.randbytes(random.choice((1, 100, 5_000)))
    return data, data


# -- redis

def get(name: str, random: Random) -> tuple[bytes, bytes]:
    found = value(name)
    return b'*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n' % (len(name), name.encode()), b'$%d\r\n%b\r\n' % (len(found), found)


def serve_redis(sock: socket.socket) -> None:
    for number, line in enumerate(lines(sock)):
        if number % 5 == 4:     # the key: *2 $3 GET $n key
            sock.sendall(get(line.decode(), Random(0))[1])


# -- memcache

def fetch(name: str, random: Random) -> tuple[bytes, bytes]:
    found = value(name)
    return f'get {name}\r\n'.encode(), b'VALUE %b 0 %d\r\n%b\r\nEND\r\n' % (name.encode(), len(found), found)


def serve_memcache(sock: socket.socket) -> None:
    for line in lines(sock):
        sock.sendall(fetch(line.decode().split()[1], Random(0))[1])


# -- http

def request(name: str, random: Random) -> tuple[bytes, bytes]:
    found = value(name)
    if crc32(name.encode()) % 3:
        answer = b'Content-Length: %d\r\n\r\n%b' % (len(found), found)
    else:
        chunk = b'%x\r\n%b\r\n' % (len(found), found) if found else b''
        answer = b'Transfer-Encoding: chunked\r\n\r\n%b0\r\n\r\n' % chunk
    return f'GET /{name} HTTP/1.1\r\nHost: soak\r\n\r\n'.encode(), b'HTTP/1.1 200 OK\r\n' + answer


def serve_http(sock: socket.socket) -> None:
    for line in lines(sock):
        if line.startswith(b'GET '):
            sock.sendall(request(line.split()[1].decode().removeprefix('/'), Random(0))[1])


# -- smtp

def mail(name: str, random: Random) -> tuple[bytes, bytes]:
    return f'VRFY {name}\r\n'.encode(), f'250 {name}\r\n'.encode()


def serve_smtp(sock: socket.socket) -> None:
    sock.sendall(b'220 soak\r\n')
    for line in lines(sock):
        sock.sendall(b'250 %b\r\n' % line.split()[1])


TALKS = (
    Talk('tcp', echo, b'', say, names=False),
    Talk('http', serve_http, b'', request),
    Talk('redis', serve_redis, b'', get),
    Talk('memcache', serve_memcache, b'', fetch),
    Talk('smtp', serve_smtp, b'220 soak\r\n', mail),
)
