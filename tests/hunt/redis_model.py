"""What a Redis server replies to one client, byte for byte, and what it has then. Knows no fault."""
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from .oracle import MORE, OTHER, Exactly, Line, Looks

Value = bytes | list[bytes] | dict[bytes, bytes]

OK, QUEUED, RESET, NIL = b'+OK\r\n', b'+QUEUED\r\n', b'+RESET\r\n', b'$-1\r\n'
ABORTED = b'-EXECABORT Transaction discarded because of previous errors.\r\n'
#: run at once, also in a transaction
UNQUEUED = frozenset((b'MULTI', b'EXEC', b'DISCARD', b'WATCH', b'QUIT', b'RESET'))
#: what a subscriber may say in RESP2
SUBSCRIBER = frozenset((b'SUBSCRIBE', b'UNSUBSCRIBE', b'PSUBSCRIBE', b'PUNSUBSCRIBE', b'PING', b'QUIT', b'RESET'))
#: the first line of a reply, or of a part of one
HEADER = re.compile(rb'(?:([$=!*~>%|])(-?\d+)|([+\-:_#,(])[ -~]*)\r\n')
MESSAGES = (b'*3\r\n$7\r\nmessage\r\n', b'>3\r\n$7\r\nmessage\r\n')


@lru_cache(10_000)
def expand(word: str) -> bytes:
    """Return a word's bytes: ``x*500`` is ``x`` repeated to 500 bytes."""
    text, star, size = word.rpartition('*')
    return (text.encode() * (int(size) // len(text) + 1))[:int(size)] if star and text else word.encode()


def words_of(ask: Sequence[str]) -> list[bytes]:
    """Return the words of a request, without the mark of one that is sent as a line."""
    return [expand(word) for word in ask if word != '~']


def bulk(data: bytes) -> bytes:
    return b'$%d\r\n%b\r\n' % (len(data), data)


def array(items: Sequence[bytes], mark: bytes = b'*') -> bytes:
    return b'%b%d\r\n' % (mark, len(items)) + b''.join(items)


def reply_end(got: bytes, start: int) -> int:
    """Return where a reply ends, of RESP2 or RESP3; 0: not within what has come, or it is none."""
    left, at = 1, start
    while left:
        header = HEADER.match(got, at)
        if header is None:
            return 0
        left, at, mark, size = left - 1, header.end(), header[1] or header[3], max(0, int(header[2] or 0))
        if mark in b'$=!' and not header[2].startswith(b'-'):
            at += size + 2
            if got[at - 2:at] != b'\r\n':
                return 0
        elif mark in b'*~>':
            left += size
        elif mark in b'%|':
            left += 2 * size + (mark == b'|')
    return at


def unasked(got: bytes, start: int) -> int:
    """Return the offset after the messages of channels at an offset."""
    while got.startswith(MESSAGES, start):
        start = reply_end(got, start) or len(got)
    begun = bytes(got[start:start + len(MESSAGES[0])])
    return len(got) if len(begun) > 1 and any(message.startswith(begun) and message != begun for message in MESSAGES) else start


class Shape(NamedTuple):
    """A reply of which the kind is known, by its first byte, and no more."""

    mark: bytes

    def at(self, got: bytes, start: int) -> int:
        if start < len(got) and not got.startswith(self.mark, start):
            return OTHER
        return (reply_end(got, start) if start < len(got) else 0) or MORE

    def find(self, got: bytes, start: int) -> int:
        return start


class Model:
    """A server with one client.

    Attributes:
        data: What it has, by key.
        queue: The commands of the transaction; None: there is none.
        failed: A command of the transaction was refused.
        muted: ``CLIENT REPLY OFF``.
        then: What follows the reply to the last command; see ``Answer``.
    """

    def __init__(self) -> None:
        self.data: dict[bytes, Value] = {}
        self.skipping = False
        self._begin()

    def _begin(self) -> None:
        self.resp3 = self.failed = self.dirty = self.muted = False
        self.queue: list[list[bytes]] | None = None
        self.watched: set[bytes] = set()
        self.channels: dict[bytes, None] = {}
        self.client = b''
        self.then = ''

    def run(self, words: list[bytes]) -> Looks | None:
        """Carry a command out; return how its reply looks, None: it has none."""
        verb, self.then = words[0].upper(), ''
        silent, self.skipping = self.muted or self.skipping, False
        if verb == b'CLIENT' and words[1] == b'REPLY' and not self.confined:
            return self._switch(words[2])
        reply = self._run(verb, words)
        return None if silent else Exactly(reply) if isinstance(reply, bytes) else reply

    def _run(self, verb: bytes, words: list[bytes]) -> 'bytes | Looks':
        known = COMMANDS.get(verb)
        if known is None:
            self.refuse(verb)
            return Line(rb'-ERR unknown command .*')
        if self.confined and verb not in SUBSCRIBER:
            self.refuse(verb)
            return Line(rb"-(ERR|EXECABORT Transaction discarded because of:) Can't execute .*")
        if self.queue is not None and verb not in UNQUEUED:
            self.queue.append(words)
            return QUEUED
        return known(self, words[1:])

    def _switch(self, mode: bytes) -> Looks | None:
        self.muted = mode == b'OFF' or self.muted and mode != b'ON'
        self.skipping = mode == b'SKIP' and not self.muted
        return Exactly(OK) if mode == b'ON' else None

    def refuse(self, verb: bytes) -> None:
        """Carry out what a server does that refuses a command: nothing, but that a transaction has failed."""
        if verb == b'EXEC':
            self.forget()
        elif self.queue is not None and verb not in UNQUEUED:
            self.failed = True

    def forget(self) -> None:
        """End a transaction."""
        self.queue, self.failed, self.dirty = None, False, False
        self.watched.clear()

    def put(self, key: bytes, value: 'Value | None') -> None:
        """Store a value; None, or an empty one that is no text: remove it."""
        if value is None or value in ([], {}):
            self.data.pop(key, None)
        else:
            self.data[key] = value
        self.dirty = self.dirty or key in self.watched

    @property
    def confined(self) -> bool:
        """Whether messages of channels come among the replies, so that hardly anything may be asked."""
        return bool(self.channels) and not self.resp3

    @property
    def nothing(self) -> bytes:
        return b'_\r\n' if self.resp3 else NIL

    @property
    def no_array(self) -> bytes:
        return b'_\r\n' if self.resp3 else b'*-1\r\n'

    def text(self, key: bytes) -> bytes:
        """Return the reply that is a value."""
        value = self.data.get(key)
        return bulk(value) if isinstance(value, bytes) else self.nothing


def _set(model: Model, args: list[bytes]) -> bytes:
    model.put(args[0], args[1])
    return OK


def _getset(model: Model, args: list[bytes]) -> bytes:
    before = model.text(args[0])
    model.put(args[0], args[1])
    return before


def _getdel(model: Model, args: list[bytes]) -> bytes:
    before = model.text(args[0])
    _del(model, args)
    return before


def _append(model: Model, args: list[bytes]) -> bytes:
    value = bytes(model.data.get(args[0], b'')) + args[1]       # type: ignore[arg-type]
    model.put(args[0], value)
    return b':%d\r\n' % len(value)


def _incr(model: Model, args: list[bytes]) -> bytes:
    before = model.data.get(args[0], b'0')
    if not isinstance(before, bytes) or not before.isdigit():
        return b'-ERR value is not an integer or out of range\r\n'
    value = int(before) + 1
    model.put(args[0], b'%d' % value)
    return b':%d\r\n' % value


def _del(model: Model, args: list[bytes]) -> bytes:
    there = [key for key in dict.fromkeys(args) if key in model.data]
    for key in there:
        model.put(key, None)
    return b':%d\r\n' % len(there)


def _rpush(model: Model, args: list[bytes]) -> bytes:
    value = [*model.data.get(args[0], []), *args[1:]]
    model.put(args[0], value)       # type: ignore[arg-type]
    return b':%d\r\n' % len(value)


def _lpop(model: Model, args: list[bytes]) -> bytes:
    value = model.data.get(args[0])
    if not isinstance(value, list):
        return model.nothing
    model.put(args[0], value[1:])
    return bulk(value[0])


def _blpop(model: Model, args: list[bytes]) -> bytes:
    for key in args[:-1]:
        if key in model.data:
            return array([bulk(key), _lpop(model, [key])])
    return model.no_array


def _hset(model: Model, args: list[bytes]) -> bytes:
    before = model.data.get(args[0], {})
    assert isinstance(before, dict)
    after = {**before, args[1]: args[2]}
    model.put(args[0], after)
    return b':%d\r\n' % (len(after) - len(before))


def _hgetall(model: Model, args: list[bytes]) -> bytes:
    value = model.data.get(args[0], {})
    assert isinstance(value, dict)
    pairs = [bulk(key) + bulk(item) for key, item in value.items()]
    return b'%%%d\r\n' % len(pairs) + b''.join(pairs) if model.resp3 else b'*%d\r\n' % (2 * len(pairs)) + b''.join(pairs)


def _ping(model: Model, args: list[bytes]) -> bytes:
    if model.confined:
        return array([bulk(b'pong'), bulk(args[0] if args else b'')])
    return bulk(args[0]) if args else b'+PONG\r\n'


def _multi(model: Model, args: list[bytes]) -> bytes:
    if model.queue is not None:
        return b'-ERR MULTI calls can not be nested\r\n'
    model.queue = []
    return OK


def _exec(model: Model, args: list[bytes]) -> bytes:
    if model.queue is None:
        return b'-ERR EXEC without MULTI\r\n'
    queue, failed, dirty = model.queue, model.failed, model.dirty
    model.forget()
    if failed:
        return ABORTED
    if dirty:
        return model.no_array
    replies = [COMMANDS[words[0].upper()](model, words[1:]) for words in queue]
    return array([reply for reply in replies if isinstance(reply, bytes)])


def _discard(model: Model, args: list[bytes]) -> bytes:
    if model.queue is None:
        return b'-ERR DISCARD without MULTI\r\n'
    model.forget()
    return OK


def _watch(model: Model, args: list[bytes]) -> bytes:
    if model.queue is not None:
        return b'-ERR WATCH inside MULTI is not allowed\r\n'
    model.watched.update(args)
    return OK


def _unwatch(model: Model, args: list[bytes]) -> bytes:
    model.watched.clear()
    model.dirty = False
    return OK


def _hello(model: Model, args: list[bytes]) -> Looks:
    model.resp3 = args[:1] == [b'3']
    return Shape(b'%' if model.resp3 else b'*')


def _client(model: Model, args: list[bytes]) -> bytes:
    if args[0] == b'SETNAME':
        model.client = args[1]
        return OK
    return bulk(model.client) if model.client else model.nothing


def _subscription(verb: bytes) -> Callable[[Model, list[bytes]], bytes]:
    def run(model: Model, args: list[bytes]) -> bytes:
        replies = []
        for channel in args:
            if verb == b'subscribe':
                model.channels[channel] = None
            else:
                model.channels.pop(channel, None)
            replies.append(array([bulk(verb), bulk(channel), b':%d\r\n' % len(model.channels)], b'>' if model.resp3 else b'*'))
        return b''.join(replies)
    return run


def _reset(model: Model, args: list[bytes]) -> bytes:
    model._begin()
    return RESET


def _last(then: str) -> Callable[[Model, list[bytes]], bytes]:
    def run(model: Model, args: list[bytes]) -> bytes:
        model.then = then
        return OK
    return run


#: what commands reply, and do; keys of lists, hashes and texts are never the same
COMMANDS: dict[bytes, Callable[[Model, list[bytes]], Any]] = {
    b'SET': _set, b'GETSET': _getset, b'GETDEL': _getdel, b'APPEND': _append, b'INCR': _incr, b'DEL': _del, b'RPUSH': _rpush,
    b'LPOP': _lpop, b'BLPOP': _blpop, b'HSET': _hset, b'HGETALL': _hgetall, b'PING': _ping, b'MULTI': _multi,
    b'EXEC': _exec, b'DISCARD': _discard, b'WATCH': _watch, b'UNWATCH': _unwatch, b'HELLO': _hello, b'CLIENT': _client,
    b'SUBSCRIBE': _subscription(b'subscribe'), b'UNSUBSCRIBE': _subscription(b'unsubscribe'), b'RESET': _reset,
    b'QUIT': _last('close'), b'MONITOR': _last('opaque'),
    b'LRANGE': lambda model, args: array([bulk(item) for item in model.data.get(args[0], ())]),     # type: ignore[arg-type]
    b'PUBLISH': lambda model, args: b':%d\r\n' % (args[0] in model.channels),
    b'GET': lambda model, args: model.text(args[0]),
    b'MGET': lambda model, args: array([model.text(key) for key in args]),
    b'EXISTS': lambda model, args: b':%d\r\n' % sum(key in model.data for key in args),
    b'STRLEN': lambda model, args: b':%d\r\n' % len(model.data.get(args[0], b'')),
    b'ECHO': lambda model, args: bulk(args[0]),
    b'EVAL': lambda model, args: bulk(args[2]),
    b'EVALSHA': lambda model, args: b'-NOSCRIPT No matching script. Please use EVAL.\r\n',
    b'AUTH': lambda model, args: Line(rb'-ERR AUTH <password> called without .*'),
}
