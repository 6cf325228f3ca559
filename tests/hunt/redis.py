"""Redis: pipelines, transactions, watches, blocking commands, subscriptions, replies switched off, RESP3, MONITOR, lines of text.

Each session has keys of its own, so that a model of one client at a time knows every byte of every reply. A request is a list of
words; one that begins with ``~`` is sent as a line of text, an empty one as ``*0``; ``x*500`` is ``x`` repeated to 500 bytes.
"""
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

import redis

from tests.support.servers import redis_server
from vaurien.protocols.redis.failures import KINDS

from .clients import PATIENCE, Raw, Tapped, tap
from .oracle import Answer, Exactly, Line, Looks, Seen, Spoilt, Verdict, hold
from .redis_model import Model, array, bulk, reply_end, unasked, words_of
from .subject import Client

Ask = list[str]

#: after MONITOR: no count of replies tells when all have come
ENDLESS = 10 ** 9
#: the first words of the error lines that do not begin with the name of their kind
WORDS = {'max-clients': b'ERR max number of clients reached', 'protected-mode': b'DENIED'}
#: kinds at EXEC that have a reply of their own
CONFLICT, ABORT = 'watch-conflict', 'execabort'


class Redis:
    """The subject; see ``subject.Subject``."""

    name = 'redis'
    kinds = tuple(sorted(name for name, kind in KINDS.items() if not kind.only_named))
    lossy = True
    patient = False

    def server(self) -> AbstractContextManager[Any]:
        return redis_server()

    def plan(self, random: Random, word: str) -> tuple[dict[str, Any], list[list[Any]]]:
        real = random.random() < 0.2
        bits, last = (REAL, []) if real else (BITS, LAST)
        # what refuses to be switched off, while channels are subscribed in RESP2, cannot be followed
        without = random.choice(((muted, skipped), (subscribed, subscribed_resp3)))
        bits = [bit for bit in bits if bit not in without]
        says: list[list[Ask]] = []
        for _ in range(random.randint(1, 4)):
            says.append([ask for _ in range(random.randint(1, 3)) for ask in random.choice(bits)(random, word)])
        if last and random.random() < 0.15:
            says[-1] += random.choice(last)(random, word)
        return {'as': 'redis-py' if real else 'raw'}, says

    def connect(self, plan: dict[str, Any], port: int) -> Client:
        return RealClient(port) if plan['as'] == 'redis-py' else Raw(port, encode, extent)

    def judge(self, seen: Seen) -> list[str]:
        if seen.plan['as'] == 'redis-py' and seen.spoilt:
            seen = replace(seen, cut=True, raised=[])       # it gives up, as it should
        return [*seen.raised, *verdict(seen).wrong]

    def inspect(self, address: str, seen: Sequence[Seen]) -> list[str]:
        keys = {session.number: sorted({word for ask in session.asked for word in words_of(ask) if word[1:2] == b':'})
                for session in seen}
        found = fetch(address, [key for mine in keys.values() for key in mine])
        wrong = []
        for session in seen:
            mine = {key: found[key] for key in keys[session.number]}
            wrong += [f'session {session.number}: {text}' for text in differences(session, mine)]
        return wrong


def verdict(seen: Seen) -> Verdict:
    """Hold what a session got against what it had to get."""
    model = Model()
    return hold(seen, answers(seen, model, seen.asked), unasked)


def answers(seen: Seen, model: Model, asked: Sequence[Ask]) -> list[Answer]:
    """Return what has to come for requests, given what the journal says of them; the model carries them out."""
    opening = seen.faults.get(0)
    if opening is not None:
        return [Answer('connect', refusal(opening.kind), 'close')]
    found, number = list[Answer](), 0
    for ask in asked:
        words = words_of(ask)
        if not words:
            model.skipping = False
            continue
        number += 1
        found.append(answer(seen, model, number, words))
        if found[-1].then in ('silence', 'close', 'gone'):
            break
    return found


def answer(seen: Seen, model: Model, number: int, words: list[bytes]) -> Answer:
    """Return what has to come for one command."""
    fault = seen.faults.get(number)
    kind = fault.kind if fault is not None else ''
    behavior = fault.behavior if fault is not None else ''
    if behavior in ('hang', 'blackout'):
        return Answer(words, None, 'silence' if behavior == 'hang' else 'gone')
    if not kind or kind == 'inject':
        looks = model.run(words)
        if kind and isinstance(looks, Exactly):
            looks = Spoilt(looks.data)
        elif kind and looks is not None:
            return Answer(words, None, 'opaque')    # it cannot be told where its end is
        return Answer(words, looks, 'gone' if behavior == 'abort' else model.then)
    verb = words[0].upper()
    looks = refusal(kind)
    if verb == b'EXEC' and kind != ABORT:
        looks = Exactly(model.no_array) if kind == CONFLICT else \
            Line(rb'-(EXECABORT Transaction discarded because of: )?%b .*' % kind.upper().encode())
    model.refuse(verb)
    return Answer(words, looks, 'close' if kind == 'unblocked' else '', own=True)


def refusal(kind: str) -> Looks:
    """Return how the error line of a kind looks."""
    return Line(rb'-%b( .*)?' % WORDS.get(kind, kind.upper().encode()))


def fetch(address: str, keys: Sequence[bytes]) -> dict[bytes, Any]:
    """Take what the server has under keys, and remove it there. All that other connections sent before is carried out first."""
    if not keys:
        return {}
    client = direct(address)
    client.ping()
    pipeline = client.pipeline(transaction=False)
    look = {b's': pipeline.get, b'l': lambda key: pipeline.lrange(key, 0, -1), b'h': pipeline.hgetall}
    for key in keys:
        look[key[:1]](key)
    return dict(zip(keys, pipeline.delete(*keys).execute(), strict=False))


@lru_cache
def direct(address: str) -> redis.Redis:
    """Return a client of the server itself."""
    host, _, port = address.rpartition(':')
    return redis.Redis(host, int(port), protocol=2)


def differences(seen: Seen, found: dict[bytes, Any]) -> list[str]:
    """Return in what the server's data are not what they must be after some beginning of what was asked."""
    have = {key: value for key, value in found.items() if value not in (None, [], {})}
    first = len(seen.asked) if seen.settled else verdict(seen).answered
    wanted = {}
    for count in range(len(seen.asked), first - 1, -1):
        model = Model()
        answers(seen, model, seen.asked[:count])
        wanted = model.data
        if wanted == have:
            return []
    return [f'the server has {have}, and not {wanted}']


def encode(asks: Sequence[Ask]) -> tuple[bytes, int]:
    """Make bytes of requests, and count their replies where nothing happens."""
    data, due, muted, skipping = list[bytes](), 0, False, False
    for ask in asks:
        words = words_of(ask)
        data.append(b' '.join(words) + b'\r\n' if ask[:1] == ['~'] else array([bulk(word) for word in words]))
        if words[:2] == [b'CLIENT', b'REPLY']:
            muted, skipping = words[2] == b'OFF', words[2] == b'SKIP'
            due += not (muted or skipping)
            continue
        if words and not (muted or skipping):
            due += ENDLESS if words[0] == b'MONITOR' else len(words) - 1 if words[0] in (b'SUBSCRIBE', b'UNSUBSCRIBE') else 1
        skipping = False
    return b''.join(data), due


def extent(got: bytes, start: int) -> int:
    """Return where the reply after an offset ends; messages of channels are none. 0: it has not come."""
    return reply_end(got, unasked(got, start))


class RealClient(Tapped):
    """redis-py; it hears each reply before it sends the next command."""

    def __init__(self, port: int) -> None:
        super().__init__(tap(port))
        self._connection = Connection(self.sock)
        self._connection.connect()

    def say(self, asks: Sequence[Ask]) -> int:
        for number, ask in enumerate(asks):
            if self.end or self.raised or self.sock.fileno() < 0:
                return number
            try:
                self._connection.send_command(*words_of(ask), check_health=False)
                self._connection.read_response()
            except redis.TimeoutError:
                self.silent = True
            except (redis.ConnectionError, redis.ResponseError):
                pass    # the first of these is also raised for some error lines; ``sock`` knows whether it has ended
            except Exception as error:  # noqa: BLE001 - it is what is looked for
                self.raised.append(repr(error))
        return len(asks)


def without_greeting(connection: Any) -> None:
    """Prepare a connection as redis-py does, but for what it would say of itself: the journal counts what we ask."""
    connection._parser.on_connect(connection)


class Connection(redis.Connection):
    """A connection of redis-py on a socket that is there already."""

    def __init__(self, sock: Any) -> None:
        super().__init__(protocol=2, socket_timeout=PATIENCE, redis_connect_func=without_greeting)
        self._tap = sock

    def _connect(self) -> Any:
        return self._tap


# -- what is asked: each makes some requests that belong together

Bit = Callable[[Random, str], list[Ask]]


def texts(random: Random, word: str) -> list[Ask]:
    key, value = f's:{word}.{random.randrange(3)}', f'{word}v{random.randrange(10 ** 6)}'
    big = f'{value}*{random.choice((1_000,) * 9 + (70_000,))}'
    return random.choice((
        [['SET', key, value], ['GET', key]], [['APPEND', key, value], ['STRLEN', key]], [['GETSET', key, value]],
        [['SET', key, value], ['DEL', key], ['EXISTS', key]], [['MGET', key, f's:{word}.0', f's:{word}.1']], [['GETDEL', key]],
        [['SET', key, big], ['get', key]], [['ECHO', value]], [['INCR', key]], [['EVAL', 'return ARGV[1]', '0', value]]))


def collections(random: Random, word: str) -> list[Ask]:
    items, table, value = f'l:{word}', f'h:{word}', f'{word}v{random.randrange(10 ** 6)}'
    return random.choice((
        [['RPUSH', items, value], ['LRANGE', items, '0', '-1']], [['RPUSH', items, value, f'{value}b'], ['LPOP', items]],
        [['HSET', table, value, value], ['HGETALL', table]], [['LPOP', items]], [['HGETALL', table]]))


def wrong(random: Random, word: str) -> list[Ask]:
    return random.choice(([['NOSUCH', word]], [['EVALSHA', 'f' * 40, '0']], [['AUTH', word]], [['EXEC']], [['DISCARD']]))


def counted(random: Random, word: str) -> list[Ask]:
    return [['INCR', f's:{word}.n'] for _ in range(random.randint(1, 8))]


def transaction(random: Random, word: str) -> list[Ask]:
    inside = [ask for _ in range(random.randint(0, 3)) for ask in random.choice((texts, collections))(random, word)]
    if random.random() < 0.1:
        inside.append(['NOSUCH', word])
    return [['MULTI'], *inside, [random.choice(('EXEC', 'EXEC', 'EXEC', 'DISCARD'))]]


def watched(random: Random, word: str) -> list[Ask]:
    key = f's:{word}.{random.randrange(3)}'
    between = random.choice(([], [], [['SET', key, f'{word}v{random.randrange(10 ** 6)}']], [['UNWATCH']], [['GET', key]]))
    return [['WATCH', key], *between, *transaction(random, word)]


def blocking(random: Random, word: str) -> list[Ask]:
    items = f'l:{word}'
    return random.choice(([['RPUSH', items, f'{word}v{random.randrange(10 ** 6)}'], ['BLPOP', items, '1']],
                          [['BLPOP', f'{items}.none', '0.005'], ['PING', word]]))


def resp3(random: Random, word: str) -> list[Ask]:
    return [['HELLO', '3'], *collections(random, word), ['GET', f's:{word}.none'],
            *([['HELLO', '2']] if random.random() < 0.5 else [])]


def subscribed(random: Random, word: str) -> list[Ask]:
    one, two = f'c{word}', f'd{word}'
    return [['SUBSCRIBE', one, two], ['PING', word], ['UNSUBSCRIBE', one, two], ['PUBLISH', one, word], ['ECHO', word]]


def subscribed_resp3(random: Random, word: str) -> list[Ask]:
    one = f'c{word}'
    return [['HELLO', '3'], ['SUBSCRIBE', one], ['PUBLISH', one, word], ['GET', f's:{word}.0'], ['UNSUBSCRIBE', one]]


def muted(random: Random, word: str) -> list[Ask]:
    return [['CLIENT', 'REPLY', 'OFF'], *texts(random, word), *collections(random, word), ['CLIENT', 'REPLY', 'ON']]


def skipped(random: Random, word: str) -> list[Ask]:
    return [['CLIENT', 'REPLY', 'SKIP'], *texts(random, word), ['PING']]


def named(random: Random, word: str) -> list[Ask]:
    return [['CLIENT', 'SETNAME', word], ['CLIENT', 'GETNAME']]


def lines(random: Random, word: str) -> list[Ask]:
    return [['~', 'SET', f's:{word}.0', f'{word}v{random.randrange(10 ** 6)}'], ['~'], [], ['~', 'GET', f's:{word}.0']]


def anew(random: Random, word: str) -> list[Ask]:
    return [['RESET'], ['PING', word]]


def monitored(random: Random, word: str) -> list[Ask]:
    return [['MONITOR'], *([['ECHO', f'{word}m{number}'] for number in range(random.randrange(4))])]


def goodbye(random: Random, word: str) -> list[Ask]:
    return [['QUIT']]


#: those that redis-py can say
REAL: tuple[Bit, ...] = (texts, texts, collections, wrong, counted, transaction, watched, blocking, named)
#: those that come anywhere; the usual ones are there more than once
BITS: tuple[Bit, ...] = (*REAL, texts, texts, collections, transaction, resp3, subscribed, subscribed_resp3, muted, skipped,
                         lines, anew)
#: those after which nothing else is said
LAST: tuple[Bit, ...] = (monitored, goodbye)
SUBJECT = Redis()
