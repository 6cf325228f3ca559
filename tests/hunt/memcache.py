"""memcache: the text protocol with ``noreply``, the meta commands also in quiet, the binary protocol also in quiet.

A request of text is ``{"line": "set a 0 0 5", "data": "hello"}``; a binary one ``{"op": "set", "key": "a", "value": "hello"}``,
with ``"quiet": true`` and its ``opaque``. Each session has keys of its own.
"""
import contextlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from random import Random
from typing import Any

import pymemcache

from tests.support.servers import memcached_server
from vaurien.protocols.memcache.failures import KINDS

from .clients import PATIENCE, STALL, Raw, Tapped, tap
from .memcache_model import Binary, Text, packet, packet_end, response_end
from .oracle import Answer, Line, Looks, Seen, Verdict, hold
from .subject import Client

Ask = dict[str, Any]
#: the lines of the kinds of error
LINES = {
    'out-of-memory': rb'SERVER_ERROR out of memory.*', 'server-error': rb'SERVER_ERROR .*', 'error': rb'ERROR',
    'client-error': rb'CLIENT_ERROR .*', 'object-too-large': rb'SERVER_ERROR object too large.*',
    'non-numeric': rb'CLIENT_ERROR cannot increment.*', 'unauthenticated': rb'CLIENT_ERROR unauthenticated', 'busy': rb'BUSY .*',
    'too-many-connections': rb'ERROR Too many open connections',
}
#: their statuses in the binary protocol
STATUSES = {
    'out-of-memory': 0x82, 'server-error': 0x84, 'error': 0x81, 'client-error': 0x04, 'object-too-large': 0x03,
    'non-numeric': 0x06, 'unauthenticated': 0x20, 'busy': 0x85, 'temporary-failure': 0x86,
}


class Memcache:
    """The subject; see ``subject.Subject``."""

    name = 'memcache'
    kinds = tuple(sorted(name for name, kind in KINDS.items() if not kind.only_named))
    lossy = True
    patient = False

    def server(self) -> AbstractContextManager[Any]:
        return memcached_server()

    def plan(self, random: Random, word: str) -> tuple[dict[str, Any], list[list[Any]]]:
        flavor = random.choice(('text', 'text', 'binary', 'binary', 'pymemcache'))
        bits = {'text': TEXT, 'binary': BINARY, 'pymemcache': PLAIN}[flavor]
        says = [[ask for _ in range(random.randint(1, 3)) for ask in random.choice(bits)(random, word)]
                for _ in range(random.randint(1, 4))]
        if flavor != 'pymemcache' and random.random() < 0.1:
            says[-1].append({'line': 'quit'} if flavor == 'text' else {'op': 'quit', 'opaque': 1, 'quiet': random.random() < 0.5})
        return {'as': flavor}, says

    def connect(self, plan: dict[str, Any], port: int) -> Client:
        if plan['as'] == 'pymemcache':
            return RealClient(port)
        return Raw(port, *((encode_binary, packet_end) if plan['as'] == 'binary' else (encode, response_end)))

    def judge(self, seen: Seen) -> list[str]:
        if seen.spoilt and (seen.plan['as'] == 'pymemcache' or quits(seen.asked[-1])):
            seen = replace(seen, cut=True)      # pymemcache gives up, as it should; and what quits may have been spoilt, too
        raised = [] if seen.faults or seen.excused else seen.raised
        return [*raised, *verdict(seen).wrong]

    def inspect(self, address: str, seen: Sequence[Seen]) -> list[str]:
        host, _, port = address.rpartition(':')
        with contextlib.closing(pymemcache.Client((host, int(port)), timeout=PATIENCE, no_delay=True)) as client:
            return [text for session in seen if session.asked for text in differences(client, session)]


def verdict(seen: Seen) -> Verdict:
    """Hold what a session got against what it had to get."""
    return hold(seen, answers(seen, model_of(seen), seen.asked))


def model_of(seen: Seen) -> 'Text | Binary':
    return Binary() if seen.plan['as'] == 'binary' else Text()


def answers(seen: Seen, model: 'Text | Binary', asked: Sequence[Ask]) -> list[Answer]:
    """Return what has to come for requests, given what the journal says of them; the model carries them out."""
    if 0 in seen.faults:
        return [Answer('connect', refusal({}, seen.faults[0].kind), 'close')]
    found = list[Answer]()
    for number, ask in enumerate(asked, 1):
        fault = seen.faults.get(number)
        behavior, kind = (fault.behavior, fault.kind) if fault is not None else ('', '')
        if behavior in ('hang', 'blackout'):
            found.append(Answer(ask, None, 'silence' if behavior == 'hang' else 'gone'))
        elif kind == 'inject':
            model.run(ask)
            found.append(Answer(ask, None, 'opaque'))      # with keys and lengths unread, it cannot be told where it ends
        elif kind:
            found.append(Answer(ask, refusal(ask, kind), own=True))
        else:
            looks = model.run(ask)
            found.append(Answer(ask, looks, 'gone' if behavior == 'abort' else 'close' if quits(ask) else ''))
        if found[-1].then in ('silence', 'gone', 'close'):
            break
    return found


def quits(ask: Ask) -> bool:
    return ask.get('line') == 'quit' or ask.get('op') == 'quit'


def refusal(ask: Ask, kind: str) -> Looks:
    """Return how the response to a request looks that an error was drawn for."""
    return packet(ask, STATUSES[kind]) if 'op' in ask else Line(LINES[kind])


def differences(client: pymemcache.Client, seen: Seen) -> list[str]:
    """Return in what the server's items are not what they must be after some beginning of what was asked; remove them."""
    keys = sorted({key for ask in seen.asked for key in keys_of(ask)})
    first = len(seen.asked) if seen.settled else verdict(seen).answered
    wanted = list[dict[str, bytes]]()
    for count in range(len(seen.asked), first - 1, -1):
        model = model_of(seen)
        answers(seen, model, seen.asked[:count])
        wanted.append(model.data)
    for _ in range(3):      # the server may still be about to end what a session that was cut has begun
        have = client.get_many(keys)
        if have in wanted:
            break
        time.sleep(STALL)
    client.delete_many(keys)
    return [] if have in wanted else [f'session {seen.number}: the server has {have}, and not {wanted[0]}']


def keys_of(ask: Ask) -> list[str]:
    """Return the keys that a request names, or may name."""
    return [ask['key']] if 'key' in ask else [word for word in ask.get('line', '').split() if word[:1] == 'k' and 'x' in word]


def encode(asks: Sequence[Ask]) -> tuple[bytes, int]:
    """Make bytes of requests of text, and count those that have a response in any case."""
    data = b''.join(f'{ask["line"]}\r\n'.encode() + (f'{ask["data"]}\r\n'.encode() if 'data' in ask else b'') for ask in asks)
    return data, sum(not {'noreply', 'q', 'quit'}.intersection(ask['line'].split()) for ask in asks)


def encode_binary(asks: Sequence[Ask]) -> tuple[bytes, int]:
    """Make bytes of binary requests."""
    return b''.join(map(Binary.written, asks)), sum(not ask.get('quiet') for ask in asks)


class RealClient(Tapped):
    """pymemcache; it hears each response before it asks again."""

    def __init__(self, port: int) -> None:
        super().__init__(tap(port))
        self._client = pymemcache.Client(('127.0.0.1', port), timeout=PATIENCE)
        self._client.sock = self.sock

    def say(self, asks: Sequence[Ask]) -> int:
        for number, ask in enumerate(asks):
            if self.end or self._client.sock is None:
                return number
            try:
                self._ask(ask['line'].split(), ask.get('data', ''))
            except TimeoutError:
                self.silent = True
            except ConnectionError:
                pass    # ``sock`` knows
            except Exception as error:  # noqa: BLE001 - any, where an answer was spoilt
                if 'non-numeric' not in str(error):     # this one we ask for
                    self.raised.append(repr(error))
        return len(asks)

    def _ask(self, words: list[str], data: str) -> None:
        verb, key, noreply = words[0], words[1], words[-1] == 'noreply'
        if verb in ('set', 'add', 'replace', 'append', 'prepend'):
            getattr(self._client, verb)(key, data, noreply=noreply)
        elif verb == 'get':
            self._client.get(key) if len(words) == 2 else self._client.get_many(words[1:])
        elif verb == 'delete':
            self._client.delete(key, noreply=noreply)
        elif verb == 'incr':
            self._client.incr(key, int(words[2]), noreply=noreply)
        else:
            self._client.touch(key, int(words[2]), noreply=noreply)


# -- what is asked: each makes some requests that belong together

def key(random: Random, word: str) -> str:
    return f'k{word}.{random.randrange(3)}'


def value(random: Random, word: str) -> str:
    return f'{word}v{random.randrange(10 ** 6)}' * random.choice((1, 1, 1, 1, 100, 3_000))


def stored(random: Random, word: str) -> list[Ask]:
    data, noreply = value(random, word), random.choice(('', '', ' noreply'))
    verb = random.choice(('set', 'set', 'add', 'replace', 'append', 'prepend'))
    return [{'line': f'{verb} {key(random, word)} 0 0 {len(data)}{noreply}', 'data': data}]


def plain(random: Random, word: str) -> list[Ask]:
    one, other, noreply = key(random, word), key(random, word), random.choice(('', '', ' noreply'))
    return random.choice(([{'line': f'get {one}'}], [{'line': f'get {one} {other}b'}], [{'line': f'delete {one}{noreply}'}],
                          [{'line': f'touch {one} 1000{noreply}'}], [{'line': f'incr {one} 1{noreply}'}],
                          [{'line': f'set {one}n 0 0 1', 'data': '5'}, {'line': f'incr {one}n 10'}, {'line': f'get {one}n'}]))


def odd(random: Random, word: str) -> list[Ask]:
    return [random.choice(({'line': 'version'}, {'line': 'nosuch x'}, {'line': 'mn'}, {'line': 'verbosity 1'}))]


def meta(random: Random, word: str) -> list[Ask]:
    one, data = key(random, word), value(random, word)
    return random.choice(([{'line': f'ms {one} {len(data)}', 'data': data}, {'line': f'mg {one} v k f O{word}'}],
                          [{'line': f'ms {one} {len(data)} ME', 'data': data}], [{'line': f'mg {one}'}],
                          [{'line': f'md {one} k'}],
                          [{'line': f'ma {one}m N0 J5'}, {'line': f'ma {one}m v'}, {'line': f'mg {one}m v'}]))


def quiet(random: Random, word: str) -> list[Ask]:
    """Make quiet meta commands, and what ends them: ``mn``, or a request that has a response."""
    asks = list[Ask]()
    for number in range(random.randint(1, 5)):
        one, data = key(random, word), value(random, word)
        asks.append(random.choice(({'line': f'mg {one} v k q O{number}'}, {'line': f'mg {one} v k q O{number}'},
                                   {'line': f'ms {one} {len(data)} q O{number}', 'data': data},
                                   {'line': f'md {one} q O{number}'})))
    return [*asks, random.choice(({'line': 'mn'}, {'line': 'mn'}, {'line': f'get {key(random, word)}'}))]


def opaque(random: Random) -> int:
    return random.randrange(2, 2 ** 32)


def binary(random: Random, word: str) -> list[Ask]:
    op = random.choice(('get', 'getk', 'set', 'set', 'add', 'append', 'delete', 'touch', 'noop', 'version', 'incr'))
    ask: Ask = {'op': op, 'opaque': opaque(random)}
    if op in ('noop', 'version'):
        return [ask]
    ask['key'] = key(random, word) + ('n' if op == 'incr' else '')
    return [{**ask, 'value': value(random, word)} if op in ('set', 'add', 'append') else ask]


def binary_quiet(random: Random, word: str) -> list[Ask]:
    asks = list[Ask]()
    for _ in range(random.randint(1, 5)):
        op = random.choice(('get', 'getk', 'getk', 'set', 'set', 'add', 'delete'))
        asks.append({'op': op, 'opaque': opaque(random), 'quiet': True, 'key': key(random, word),
                     **({'value': value(random, word)} if op in ('set', 'add') else {})})
    return [*asks, random.choice(({'op': 'noop', 'opaque': opaque(random)},
                                  {'op': 'get', 'opaque': opaque(random), 'key': key(random, word)}))]


Bit = Callable[[Random, str], list[Ask]]
PLAIN: tuple[Bit, ...] = (stored, plain)
TEXT: tuple[Bit, ...] = (stored, stored, plain, plain, odd, meta, quiet, quiet)
BINARY: tuple[Bit, ...] = (binary, binary, binary_quiet)
SUBJECT = Memcache()
