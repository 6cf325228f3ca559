"""A replay: each request is paired with one of an earlier run, the one that is most like it, and gets what that one got.

Sessions interleave otherwise from one run to the next, so no request is known by its session's number or by its time. It is known
by its name and by what its session did before; where the earlier run has none like that, by its name alone, in the order in
which they came; where it has none of the name, by its shape. Each is paired once. Knows a session by its protocol.
"""
from collections import deque
from collections.abc import Hashable, Iterator
from functools import lru_cache
from random import Random

from ..behaviors.dummy import Dummy
from ..errors import ConfigError
from ..protocols.base import BaseProtocol, Exchange
from .entry import Entry
from .names import TOXIC, meaning_of
from .past import MAX_NAME, History, Past, PastExchange
from .step import Step, toxic_of

MAX_SHAPES = 2048   #: names that are remembered with their shapes, of each proxy
ANY = None          #: stands for the tests of all marks
NAME, SHAPE = 'name', 'shape'
PREFIX = 'replay_'  #: what the names of its toxics begin with


def generator(seed: int, proxy: str, session: int, what: str = '') -> Random:
    """Return the generator of a session, or of something in it."""
    return Random(f'{seed}/{proxy}/{session}{what}')


class Replay:
    """The faults of an earlier run on their way to the requests of this one.

    Args:
        past: The earlier run.
    """

    def __init__(self, past: Past) -> None:
        self._proxies = {name: ProxyReplay(past.seed, name, exchanges) for name, exchanges in past.exchanges.items()}
        self.lost = past.lost

    @property
    def entries(self) -> list[Entry]:
        """What was injected then, each fault with what has become of it now."""
        return [entry for proxy in self._proxies.values() for entry in proxy.entries]

    def of(self, proxy: str) -> 'ProxyReplay | None':
        """Return what there is to repeat in a proxy; None: nothing."""
        found = self._proxies.get(proxy)
        return found if found is not None and found.entries else None

    def mark(self, test: str) -> None:
        """Begin a test, or end it; from now on requests are paired within theirs."""
        for proxy in self._proxies.values():
            proxy.test, proxy.marked = test, True


class ProxyReplay:
    """The same of one proxy.

    Args:
        seed: What the earlier run's randomness was made from.
        name: The proxy's name.
        exchanges: Its exchanges then, in the order in which they began.

    Attributes:
        entries: What was injected then.
        test: The mark that holds; empty: none.
        marked: There was one in this run.
    """

    def __init__(self, seed: int, name: str, exchanges: list[PastExchange]) -> None:
        self._seed, self._name = seed, name
        self.test, self.marked = '', False
        self._entries: dict[int, Entry] = {}
        self._untaken: dict[Hashable, deque[PastExchange]] = {}
        self._shape = lru_cache(MAX_SHAPES)(lambda protocol, name: protocol.shape(name)[:MAX_NAME])
        shapes = {one.line.shape for one in exchanges if one.fault is not None}
        kept = [one for one in exchanges if one.line.shape in shapes]
        self._names = {one.line.name for one in kept}
        for one in kept:
            for key in keys_of(one):
                self._untaken.setdefault(key, deque()).append(one)
            if one.fault is not None:
                self._entries[id(one)] = Entry(0, one.fault, 'replay')
                self._entries[id(one)].text = described(one)

    @property
    def entries(self) -> list[Entry]:
        """What was injected then, each with what has become of it now."""
        return list(self._entries.values())

    def session(self, number: int) -> 'SessionReplay':
        """Return the same for a session that begins."""
        return SessionReplay(self, number)

    def shape(self, protocol: BaseProtocol, exchange: Exchange) -> str:
        """Return the shape of a request."""
        shape: str = self._shape(type(protocol), exchange.name)  # type: ignore[arg-type]  # classes are
        return shape

    def pair(self, session: int, history: History, protocol: BaseProtocol, exchange: Exchange) -> PastExchange | None:
        """Return the exchange of the earlier run that is this one's, and that is no other's from here on; None: none is.

        Args:
            session: The session's number.
            history: What the session did before.
            protocol: Its protocol object.
            exchange: The exchange, with its number; 0: the opening of the connection.
        """
        name = exchange.name[:MAX_NAME]
        if exchange.number == 0 or not name:
            return self._take((session, exchange.number))
        tests = (self.test,) if self.marked else (self.test, ANY)
        found = self._first((test, NAME, name, *more) for test in tests for more in alike(history))
        if found is None and name not in self._names:
            shape = self.shape(protocol, exchange)
            found = self._first((test, SHAPE, shape, *more) for test in tests for more in alike(history))
        return found

    def _first(self, keys: Iterator[Hashable]) -> PastExchange | None:
        return next((found for key in keys if (found := self._take(key)) is not None), None)

    def _take(self, key: Hashable) -> PastExchange | None:
        untaken = self._untaken.get(key)
        while untaken:
            found = untaken.popleft()
            if not found.taken:
                found.taken = True
                return found
        return None

    def find(self, session: int, history: History, protocol: BaseProtocol, exchange: Exchange) -> tuple[Step, Dummy] | None:
        """Return what an exchange gets; None: nothing, as the one that it is paired with."""
        past = self.pair(session, history, protocol, exchange)
        if past is None or past.fault is None:
            return None
        entry = self._entries[id(past)]
        entry.counts()
        try:
            step = Step(entry, meaning_of(past.fault, type(protocol), 'replay'), type(protocol))
            if step.meaning.what == TOXIC:
                step.toxic = toxic_of(step.meaning, f'{PREFIX}{past.line.session}_{past.line.number}')
            behavior = step.choose(protocol, exchange)
        except ConfigError as error:    # a plugin that is not there any more, or another protocol
            entry.missed(str(error))
            return None
        if behavior is None:
            return None
        exchange.random = generator(self._seed, self._name, past.line.session, f'/{past.line.number}')
        return step, behavior


class SessionReplay:
    """The same for one session.

    Args:
        proxy: That of its proxy.
        number: The session's number.
    """

    __slots__ = ('_proxy', '_number', '_history')

    def __init__(self, proxy: ProxyReplay, number: int) -> None:
        self._proxy, self._number, self._history = proxy, number, History()

    def find(self, protocol: BaseProtocol, exchange: Exchange) -> tuple[Step, Dummy] | None:
        """Return what an exchange gets; None: nothing."""
        found = self._proxy.find(self._number, self._history, protocol, exchange)
        if exchange.number:
            self._history = self._history.after(exchange.name[:MAX_NAME], self._proxy.shape(protocol, exchange))
        return found


def keys_of(one: PastExchange) -> Iterator[Hashable]:
    """Give what an exchange of the earlier run is found by: within the mark of its test, and within none."""
    line = one.line
    if one.opens or not line.name:
        yield line.session, line.number
        return
    if not line.number:
        return      # a step on the way to another request: nothing is applied to these
    for test in {line.test, ANY}:
        for what, text in ((NAME, line.name), (SHAPE, line.shape)):
            for more in alike(one.history):
                yield test, what, text, *more


def alike(history: History) -> Iterator[tuple[Hashable, ...]]:
    """Give what a history is compared by, what is most like it first."""
    yield NAME, history.names
    yield SHAPE, history.shapes
    yield ()


def described(one: PastExchange) -> str:
    """Write a fault of the earlier run."""
    line = one.line
    where = f'session {line.session}' + (f', exchange {line.number}' if line.number else '')
    return f'{line.proxy}: {line.name or "an event"} ({where}{line.test and ", " + line.test}) = {line.fault}'
