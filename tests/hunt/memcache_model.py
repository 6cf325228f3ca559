"""What memcached responds to one client, and what it has then; in text, and in the binary protocol. Knows no fault."""
import re
from struct import Struct
from typing import Any, NamedTuple

from .oracle import MORE, OTHER, Exactly, Line, Looks

Ask = dict[str, Any]
OPCODES = {'get': (0x00, 0x09), 'getk': (0x0c, 0x0d), 'set': (0x01, 0x11), 'add': (0x02, 0x12), 'append': (0x0e, 0x19),
           'delete': (0x04, 0x14), 'incr': (0x05, 0x15), 'touch': (0x1c, 0x1c), 'noop': (0x0a, 0x0a), 'version': (0x0b, 0x0b),
           'quit': (0x07, 0x17)}
HEADER = Struct('>BBHBxHI4s8x')     #: magic, opcode, lengths of key and extras, status, length of the body, opaque
NOT_FOUND, EXISTS, NOT_STORED = 1, 2, 5
#: the block that a response may begin with; its length
BLOCK = re.compile(rb'(?:VALUE \S+ \d+ (\d+)|VA (\d+)(?: [^\r]*)?)\r\n')


def response_end(got: bytes, start: int) -> int:
    """Return where a response of text ends; 0: not within what has come."""
    at = start
    while (block := BLOCK.match(got, at)) is not None:
        at = block.end() + int(block[1] or block[2]) + 2
        if block[2]:
            return at if at <= len(got) else 0
    return got.find(b'\r\n', at) + 2 if got.find(b'\r\n', at) >= 0 else 0


def packet_end(got: bytes, start: int) -> int:
    """Return where a binary response ends; 0: not within what has come."""
    if len(got) - start < HEADER.size:
        return 0
    end = start + HEADER.size + int(HEADER.unpack_from(got, start)[5])
    return end if end <= len(got) else 0


class Packet(NamedTuple):
    """A binary response.

    Args:
        opcode, opaque: Of its request.
        status: 0 is success.
        body: Extras, key and value; None: whatever they are.
    """

    opcode: int
    opaque: bytes
    status: int
    body: bytes | None

    def at(self, got: bytes, start: int) -> int:
        if len(got) - start < HEADER.size:
            return MORE
        magic, opcode, _, _, status, length, opaque = HEADER.unpack_from(got, start)
        if (magic, opcode, status, opaque) != (0x81, self.opcode, self.status, self.opaque):
            return OTHER
        end = start + HEADER.size + length
        if self.body is not None and not self.body.startswith(got[start + HEADER.size:end]):
            return OTHER
        return MORE if end > len(got) else OTHER if self.body is not None and len(self.body) != length else end

    def find(self, got: bytes, start: int) -> int:
        begin = Struct('>BB').pack(0x81, self.opcode)
        while (start := got.find(begin, start)) >= 0:
            if (end := self.at(got, start)) > 0:
                return end
            start += 1
        return OTHER


def packet(ask: Ask, status: int, body: bytes | None = None) -> Packet:
    """Return the response to a binary request."""
    return Packet(OPCODES[ask['op']][bool(ask.get('quiet'))], Struct('>I').pack(ask['opaque']), status, body)


class Server:
    """What both protocols have in common.

    Attributes:
        data: What it has, by key.
    """

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def store(self, verb: str, key: str, value: bytes) -> bool:
        """Store a value, and return whether it was stored."""
        there = key in self.data
        if verb in ('append', 'prepend', 'replace') and not there or verb == 'add' and there:
            return False
        before = self.data.get(key, b'')
        self.data[key] = before + value if verb == 'append' else value + before if verb == 'prepend' else value
        return True


class Text(Server):
    """A server that speaks text."""

    def run(self, ask: Ask) -> Looks | None:
        """Carry a request out; return how its response looks, None: it has none."""
        words, data = ask['line'].split(), ask.get('data', '').encode()
        verb = words[0]
        if verb in ('mg', 'ms', 'md', 'ma'):
            return self._meta(verb, words[1], words[3 if verb == 'ms' else 2:], data)
        response = self._run(verb, words, data)
        return None if words[-1] == 'noreply' or verb == 'quit' else response

    def _run(self, verb: str, words: list[str], data: bytes) -> Looks:
        if verb == 'get':
            return Exactly(b''.join(b'VALUE %b 0 %d\r\n%b\r\n' % (key.encode(), len(self.data[key]), self.data[key])
                                    for key in words[1:] if key in self.data) + b'END\r\n')
        if verb in ('set', 'add', 'replace', 'append', 'prepend'):
            return Exactly(b'STORED\r\n' if self.store(verb, words[1], data) else b'NOT_STORED\r\n')
        if verb in ('delete', 'touch', 'incr'):
            return self._of_one(verb, words[1], words[2:])
        return {'version': Line(rb'VERSION .*'), 'verbosity': Exactly(b'OK\r\n'), 'mn': Exactly(b'MN\r\n')}.get(
            verb, Exactly(b'ERROR\r\n'))

    def _of_one(self, verb: str, key: str, rest: list[str]) -> Looks:
        if key not in self.data:
            return Exactly(b'NOT_FOUND\r\n')
        if verb == 'delete':
            del self.data[key]
            return Exactly(b'DELETED\r\n')
        if verb == 'touch':
            return Exactly(b'TOUCHED\r\n')
        if not self.data[key].isdigit():
            return Exactly(b'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n')
        self.data[key] = b'%d' % (int(self.data[key]) + int(rest[0]))
        return Exactly(self.data[key] + b'\r\n')

    def _meta(self, verb: str, key: str, flags: list[str], data: bytes) -> Looks | None:
        value = self.data.get(key)
        told = [f'k{key}' if flag == 'k' else 'f0' if flag == 'f' else flag for flag in flags
                if flag[0] in 'kfO' and not (flag == 'f' and value is None)]
        word, quiet = b'HD', False
        if verb == 'ms':
            word = b'HD' if self.store('add' if 'ME' in flags else 'set', key, data) else b'NS'
            quiet = word == b'HD'
        elif verb == 'ma' and (value is not None or 'N0' in flags):
            # created with what J says, or counted up by one
            value = self.data[key] = b'%d' % (int(value) + 1) if value is not None else \
                next(flag[1:] for flag in flags if flag[0] == 'J').encode()
            quiet = 'v' not in flags
        elif value is None:
            word, quiet = (b'EN', True) if verb == 'mg' else (b'NF', False)
        elif verb == 'md':
            del self.data[key]
            quiet = True
        if 'q' in flags and quiet:
            return None
        if verb in ('mg', 'ma') and 'v' in flags and value is not None:
            return Exactly(' '.join([f'VA {len(value)}', *told]).encode() + b'\r\n' + value + b'\r\n')
        return Exactly(' '.join([word.decode(), *told]).encode() + b'\r\n')


class Binary(Server):
    """A server that speaks the binary protocol."""

    @staticmethod
    def written(ask: Ask) -> bytes:
        """Return the bytes of a request."""
        op, key, value = ask['op'], ask.get('key', '').encode(), ask.get('value', '').encode()
        extras = {'set': bytes(8), 'add': bytes(8), 'touch': Struct('>I').pack(1_000),
                  'incr': Struct('>QQI').pack(1, 5, 0)}.get(op, b'')       # by 1, from 5
        return Struct('>BBHBxHII8x').pack(0x80, OPCODES[op][bool(ask.get('quiet'))], len(key), len(extras), 0,
                                          len(extras + key + value), ask['opaque']) + extras + key + value

    def run(self, ask: Ask) -> Looks | None:
        """Carry a request out; return how its response looks, None: it has none."""
        status, body = self._run(ask['op'], ask.get('key', ''), ask.get('value', '').encode())
        quiet = ask.get('quiet')
        missed = ask['op'] in ('get', 'getk') and status == NOT_FOUND
        if quiet and (missed or ask['op'] not in ('get', 'getk') and not status):
            return None
        return packet(ask, status, body)

    def _run(self, op: str, key: str, value: bytes) -> tuple[int, bytes | None]:
        """Carry it out; return the status and the body of the response."""
        if op in ('set', 'add', 'append'):
            failed = EXISTS if op == 'add' else NOT_STORED
            return (0, b'') if self.store(op, key, value) else (failed, None)
        if op == 'incr':
            number = int(self.data[key]) + 1 if key in self.data else 5
            self.data[key] = b'%d' % number
            return 0, Struct('>Q').pack(number)
        if op in ('noop', 'quit'):
            return 0, b''
        if op == 'version':
            return 0, None
        if key not in self.data:
            return NOT_FOUND, None
        if op == 'delete':
            del self.data[key]
            return 0, b''
        found = self.data[key]
        return 0, bytes(4) if op == 'touch' else bytes(4) + (key.encode() if op == 'getk' else b'') + found
