"""A replay: each request is paired with one of an earlier run, the one that is most like it, and gets what that one got.

Sessions interleave otherwise from one run to the next, so no request is known by its session's number or by its time. It is known
by its name and by what its session did before; where the earlier run has none like that, by its name alone, in the order in
which they came; where it has none of the name, by its shape. Where requests of one name have different payloads, one with the
same payload goes before all others. Each is paired once. Knows a session by its protocol.
"""
from collections import deque
from collections.abc import Hashable, Iterator
from functools import lru_cache

from ..behaviors.dummy import Dummy
from ..errors import ConfigError
from ..mix import generator
from ..protocols.base import BaseProtocol, Exchange
from ..protocols.tls_kinds import HANDSHAKE
from .entry import Entry
from .names import TOXIC, meaning_of
from .past import MAX_NAME, History, Past, PastExchange
from .step import Step, toxic_of

MAX_SHAPES = 2048   #: names that are remembered with their shapes, of each proxy
NONE: deque[PastExchange] = deque()     #: stands for none that is untaken; nothing is ever added to it
ANY = None          #: stands for the tests of all marks
NAME, SHAPE = 'name', 'shape'
PREFIX = 'replay_'  #: what the names of its toxics begin with


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
        compares: Payloads are looked at: a name alone does not tell its requests apart.
    """

    def __init__(self, seed: int, name: str, exchanges: list[PastExchange]) -> None:
        self._seed, self._name = seed, name
        self.test, self.marked = '', False
        self._entries: dict[int, Entry] = {}
        #: by the hashes of keys, since these are many: those that are still to be paired, of which there is most often one
        self._untaken: dict[int, PastExchange | deque[PastExchange]] = {}
        self._shape = lru_cache(MAX_SHAPES)(lambda protocol, name: protocol.shape(name)[:MAX_NAME])
        digests: dict[str, str | None] = {}
        for one in exchanges:
            digests[one.name] = one.digest if digests.get(one.name, one.digest) == one.digest else None
        self._names = digests.keys()
        self._various = {text for text, digest in digests.items() if digest is None}
        self.compares = bool(self._various)
        self._tests = any(one.test for one in exchanges)
        for one in exchanges:
            for key in keys_of(one, self._tests, one.name in self._various):
                self._add(hash(key), one)
            if one.fault is not None:
                self._entries[id(one)] = Entry(0, one.fault, 'replay')
                self._entries[id(one)].text = described(one, name)

    def _add(self, key: int, one: PastExchange) -> None:
        there = self._untaken.setdefault(key, one)
        if isinstance(there, deque):
            there.append(one)
        elif there is not one:
            self._untaken[key] = deque((there, one))

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

    def pair(self, session: int, history: History, protocol: BaseProtocol, exchange: Exchange,
             digest: str = '') -> PastExchange | None:
        """Return the exchange of the earlier run that is this one's, and that is no other's from here on; None: none is.

        Args:
            session: The session's number.
            history: What the session did before.
            protocol: Its protocol object.
            exchange: The exchange, with its number; 0: the opening of the connection.
            digest: Of its payload; empty: none is known.
        """
        name = exchange.name[:MAX_NAME]
        if exchange.number == 0 or not name:
            return self._take((session, HANDSHAKE if exchange.stage == HANDSHAKE else exchange.number))
        tests: tuple[str | None, ...] = (self.test,) if self.marked else (self.test, ANY)
        if not self._tests:     # the earlier run knew none
            tests = (ANY,) if not (self.marked and self.test) else ()
        found = self._first((test, NAME, name, *more) for test in tests
                            for more in alike(history, digest if name in self._various else ''))
        if found is None and name not in self._names:
            shape = self.shape(protocol, exchange)
            found = self._first((test, SHAPE, shape, *more) for test in tests for more in alike(history))
        return found

    def _first(self, keys: Iterator[Hashable]) -> PastExchange | None:
        return next((found for key in keys if (found := self._take(key)) is not None), None)

    def _take(self, key: Hashable) -> PastExchange | None:
        untaken = self._untaken.get(hash(key), NONE)
        while untaken:
            found = untaken
            if isinstance(untaken, deque):
                found = untaken.popleft()
            else:
                untaken = NONE
            if isinstance(found, PastExchange) and not found.taken:
                found.taken = True
                return found
        return None

    def find(self, session: int, history: History, protocol: BaseProtocol, exchange: Exchange,
             digest: str = '') -> tuple[Step, Dummy] | None:
        """Return what an exchange gets; None: nothing, as the one that it is paired with."""
        past = self.pair(session, history, protocol, exchange, digest)
        if past is None or past.fault is None:
            return None
        entry = self._entries[id(past)]
        entry.counts()
        try:
            step = Step(entry, meaning_of(past.fault, type(protocol), 'replay'), type(protocol))
            if step.meaning.what == TOXIC:
                step.toxic = toxic_of(step.meaning, f'{PREFIX}{past.session}_{past.number}')
            behavior = step.choose(protocol, exchange)
        except ConfigError as error:    # a plugin that is not there any more, or another protocol
            entry.missed(str(error))
            return None
        if behavior is None:
            return None
        exchange.random = generator(self._seed, self._name, past.session, f'/{past.number}')
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

    @property
    def compares(self) -> bool:
        """Whether payloads are looked at."""
        return self._proxy.compares

    def find(self, protocol: BaseProtocol, exchange: Exchange, digest: str = '') -> tuple[Step, Dummy] | None:
        """Return what an exchange gets; None: nothing."""
        found = self._proxy.find(self._number, self._history, protocol, exchange, digest)
        if exchange.number:
            self._history = self._history.after(exchange.name[:MAX_NAME], self._proxy.shape(protocol, exchange))
        return found


def keys_of(one: PastExchange, tests: bool, digests: bool) -> Iterator[Hashable]:
    """Give what an exchange of the earlier run is found by: within the mark of its test, and within none.

    Args:
        one: The exchange.
        tests: Whether the earlier run was told of any.
        digests: Whether its payload counts.
    """
    if one.opens or not one.name:
        yield one.session, one.number
        return
    if one.stage == HANDSHAKE and not one.number:
        yield one.session, HANDSHAKE
        return
    if not one.number:
        return      # a step on the way to another request: nothing is applied to these
    for test in ({one.test, ANY} if tests else (ANY,)):
        for what, text in ((NAME, one.name), (SHAPE, one.shape)):
            for more in alike(one.history, one.digest if digests and what == NAME else ''):
                yield test, what, text, *more


def alike(history: History, digest: str = '') -> Iterator[tuple[Hashable, ...]]:
    """Give what a history, and a payload where it counts, are compared by, what is most like them first."""
    for payload in ((digest,), ()) if digest else ((),):
        yield *payload, NAME, history.names
        yield *payload, SHAPE, history.shapes
        yield payload


def described(one: PastExchange, proxy: str) -> str:
    """Write a fault of the earlier run."""
    where = f'session {one.session}' + (f', exchange {one.number}' if one.number else '')
    return f'{proxy}: {one.name or "an event"} ({where}{one.test and ", " + one.test}) = {one.injected}'
