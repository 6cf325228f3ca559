"""A hundred streams on one connection, in an order that a seed says, and what came of each: both ends, frame by frame.

Both ends are of one thread and of no library but hpack: what is sent is known to the byte, and what comes is compared with it.
"""
import select
import socket
import time
from collections import deque
from random import Random
from typing import Any

import hpack

from .http2_cases.words import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PADDED,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Reader,
    frame,
    head,
    long,
    setting,
)
from .unit_of_time import PATIENCE

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
STREAMS = 100
WIDE = frame(SETTINGS, 0, 0, setting(4, 1 << 24) + setting(3, 1000)) + frame(WINDOW_UPDATE, 0, 0, long(1 << 28))
OF_STREAMS = (DATA, HEADERS, RST_STREAM)


class Message:
    """All that one end sends on one stream.

    Attributes:
        parts: The frames that are still to be sent: type, flags, and fields or content.
        sent: Those that were, as their receiver has to see them.
    """

    def __init__(self, parts: list[tuple[int, int, Any]]) -> None:
        self.parts = deque(parts)
        self.sent: list[tuple[int, int, Any]] = []


def message(random: Random, lines: list[tuple[str, str]], empty: bool, trailers: bool) -> Message:
    """Make a message of random pieces."""
    parts: list[tuple[int, int, Any]] = [(HEADERS, 0, [*lines, *words(random)])]
    for _ in range(0 if empty else random.randrange(1, 5)):
        content = random.randbytes(random.choice((0, 1, 50, random.randrange(3000))))
        pad = random.randrange(1, 20) if random.random() < 0.2 else 0
        parts.append((DATA, PADDED if pad else 0, bytes((pad,)) * bool(pad) + content + bytes(pad)))
    if trailers:
        parts.append((HEADERS, 0, words(random) or [('x-end', '1')]))
    kind, flags, what = parts[-1]
    parts[-1] = kind, flags | END_STREAM, what
    return Message(parts)


def words(random: Random) -> list[tuple[str, str]]:
    """Return some fields: such that come again, and such that do not."""
    return [(random.choice(('x-a', 'x-b', 'cookie', 'authorization')), random.choice('abcdef') * random.randrange(1, 90))
            for _ in range(random.randrange(4))]


class End:
    """One end.

    Args:
        sock: Its connection.
        random: What decides.

    Attributes:
        messages: What it sends, by its numbers of the streams.
        got: What it has received of each stream.
        reset: The codes of the streams that were reset.
    """

    def __init__(self, sock: socket.socket, random: Random) -> None:
        self.sock, self.random, self.encoder, self.reader = sock, random, hpack.Encoder(), Reader()
        self.messages: dict[int, Message] = {}
        self.got: dict[int, list[tuple[int, int, Any]]] = {}
        self.reset: dict[int, int] = {}
        self.held = b''

    def part(self, number: int) -> bytes:
        """Write the next frame of a stream."""
        message = self.messages[number]
        kind, flags, what = message.parts.popleft()
        if kind == DATA:
            message.sent.append((kind, flags, what))
            return frame(kind, flags, number, what)
        block = self.encoder.encode(what, huffman=self.random.random() < 0.5)
        lines = [(name.encode(), value.encode()) for name, value in what]
        message.sent.append((kind, flags & END_STREAM, lines))
        return frame(kind, flags | END_HEADERS, number, block)

    def receive(self, data: bytes) -> list[int]:
        """Read frames, and return the streams that have ended with them."""
        data, at, ended = self.held + data, 0, []
        while len(data) - at >= 9 and head(data, at)[0] <= len(data):
            at = head(data, at)[0]
        self.held = data[at:]
        for kind, flags, number, *rest in self.reader.read(data[:at]):
            if kind == SETTINGS and not flags & ACK:
                self.sock.sendall(frame(SETTINGS, ACK))
            if kind not in OF_STREAMS:
                continue
            got = self.got.setdefault(number, [])
            if kind == RST_STREAM:
                self.reset[number] = int.from_bytes(rest[0])
            else:
                got.append((kind, flags, rest[0] if kind == DATA else [line[:2] for line in rest[1]]))
                if flags & END_STREAM:
                    ended.append(number)
        return ended


class Round:
    """One session.

    Args:
        client, backend: Its two connections; the client's is to vaurien.
        seed: What decides.
        odd: The stream that something happens to, its number among the hundred.
        path: What it asks for.
        fields: Further fields of it.
    """

    def __init__(self, client: socket.socket, backend: socket.socket, seed: int, odd: int, path: str,
                 *fields: tuple[str, str]) -> None:
        self.random = Random(seed)
        self.client, self.backend = End(client, self.random), End(backend, self.random)
        self.preface = len(PREFACE)
        self.odd = 2 * odd + 1
        self.numbers: dict[int, int] = {}   # of the client, by those of the backend
        for number in range(1, 2 * STREAMS, 2):
            is_odd = number == self.odd
            lines = [(':method', 'POST' if is_odd and fields else 'GET'), (':path', path if is_odd else f'/{number}'),
                     (':scheme', 'http'), (':authority', 'a'), ('x-number', str(number)), *(fields if is_odd else ())]
            self.client.messages[number] = message(self.random, lines, self.random.random() < 0.6, self.random.random() < 0.1)
        client.sendall(PREFACE + WIDE)
        backend.sendall(WIDE)

    def play(self, waits: bool = False) -> None:
        """Let both ends send all that they have, bit by bit; with ``waits`` for the odd stream, too."""
        ends, deadline = (self.client, self.backend), time.monotonic() + PATIENCE
        opened = 0
        while not self.done(waits):
            assert time.monotonic() < deadline, f'{self.missing()} are missing'
            more = [number for number, message in self.client.messages.items()
                    if message.parts and (message.sent or number == 2 * opened + 1)]
            out = b''
            for _ in range(self.random.randrange(1, 6) if more else 0):
                number = self.random.choice(more)
                message = self.client.messages[number]
                if message.parts and not (number in self.client.reset and self.random.random() < 0.5):
                    opened += not message.sent
                    out += self.client.part(number)
            self.client.sock.sendall(out)
            more = [number for number, message in self.backend.messages.items() if message.parts]
            out = b''.join(self.backend.part(number) for number in self.random.sample(more, min(len(more), 3)))
            self.backend.sock.sendall(out)
            ready, _, _ = select.select([end.sock for end in ends], [], [], 0 if out or more else 0.01)
            for end in ends:
                if end.sock in ready:
                    self.read(end)

    def read(self, end: End) -> None:
        """Read what has come."""
        data = end.sock.recv(65536)
        assert data, 'the connection has ended'
        if end is self.backend and self.preface:
            data, self.preface = data[self.preface:], max(self.preface - len(data), 0)
        for number in end.receive(data):
            if end is self.backend and number not in end.reset:
                self.answer(number)

    def answer(self, number: int) -> None:
        """Let the backend answer a request."""
        lines = dict(self.backend.got[number][0][2])
        self.numbers[number] = own = int(lines[b'x-number'])
        response = message(self.random, [(':status', '200'), ('x-number', str(own))], False, self.random.random() < 0.3)
        if self.random.random() < 0.1:
            response.parts.appendleft((HEADERS, 0, [(':status', '103'), ('link', f'</{own}>')]))
        self.backend.messages[number] = response

    def missing(self) -> list[int]:
        """Return the streams of which something has not come."""
        theirs = {own: number for number, own in self.numbers.items()}
        return [own for own, message in self.client.messages.items() if own != self.odd and (
            message.parts or own not in theirs or self.backend.messages[theirs[own]].parts
            or len(self.client.got.get(own, ())) < len(self.backend.messages[theirs[own]].sent))]

    def done(self, waits: bool) -> bool:
        """Return whether all has come."""
        over = self.odd in self.client.reset or any(flags & END_STREAM for _, flags, _ in self.client.got.get(self.odd, ()))
        return not self.client.messages[self.odd].parts and (over or not waits) and not self.missing()

    def check(self) -> None:
        """Compare all streams but the odd one, both ways."""
        for number, own in self.numbers.items():
            if own != self.odd:
                assert self.backend.got[number] == self.client.messages[own].sent, f'the request of stream {own}'
                assert self.client.got[own] == self.backend.messages[number].sent, f'the response of stream {own}'
        assert len(self.numbers.keys() - {number for number, own in self.numbers.items() if own == self.odd}) == STREAMS - 1
        others = (set(self.backend.got) | set(self.backend.reset)) - set(self.numbers)
        assert all(self.of_odd(number) for number in others), 'frames of streams that were never opened'
        assert not set(self.client.reset) - {self.odd}

    def of_odd(self, number: int) -> bool:
        """Return whether the backend has seen the headers of the odd stream at this number."""
        got = self.backend.got.get(number, [])
        return bool(got) and got[0][0] == HEADERS and dict(got[0][2]).get(b'x-number') == b'%d' % self.odd
