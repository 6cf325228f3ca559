"""One entry of a plan at work: which requests it matches, how many there were, and what became of them. Knows no protocol."""
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ..behaviors.dummy import pattern
from ..errors import ConfigError
from ..protocols.base import OPENING, Exchange
from ..protocols.tls_kinds import HANDSHAKE, HANDSHAKE_KINDS
from ..spec import FaultSpec
from .globs import Glob
from .grammar import format_fault

BEFORE_REQUESTS = OPENING, HANDSHAKE   #: the stages of what comes before all requests
KEPT = 100  #: requests that an entry was applied to and that are remembered, the newest ones


class Applied(NamedTuple):
    """Where an entry was applied.

    Args:
        time: Seconds since 1970.
        proxy: The proxy's name.
        session: The session's number in its proxy.
        exchange: The exchange's number in its session; 0: the opening of the connection.
        request: The beginning of the request's name.
    """

    time: float
    proxy: str
    session: int
    exchange: int
    request: str


class Request:
    """What entries are held against: a request's name, and its shape, which is made where it is asked for.

    Args:
        name: The name.
        shape: Makes its shape.
    """

    __slots__ = ('name', '_make', '_shape')

    def __init__(self, name: str, shape: Callable[[str], str]) -> None:
        self.name, self._make = name, shape
        self._shape: str | None = None

    @property
    def shape(self) -> str:
        """The name with what differs from one request to the next masked."""
        if self._shape is None:
            self._shape = self._make(self.name)
        return self._shape


class Entry:
    """An entry of a plan.

    Args:
        number: Its id, from 1 in the process.
        spec: What it says.
        label: How the user knows it.

    Raises:
        ConfigError: The regular expression is none, or could take long.

    Attributes:
        matched: The requests that it has matched since it was made.
        applied: Those that it was applied to.
        where: The newest of these.
        reason: Why the newest request that was due did not get it; empty: it did, or none was due.
        before: What comes before all requests and it is about: ``connect``, the opening of connections, or ``handshake``, that of
            TLS; empty: it is about requests.
    """

    def __init__(self, number: int, spec: FaultSpec, label: str = 'fault') -> None:
        self.number, self.spec, self.text = number, spec, format_fault(spec)
        self.matched = self.applied = 0
        self.where: deque[Applied] = deque(maxlen=KEPT)
        self.reason = ''
        self._counted = 0       # of the matched ones, those that count for ``nth``
        self._proxy, self._request = Glob(spec.proxy), Glob(spec.request)
        self.literal = self._request.literal    #: the one name or shape that a request must have, in one case; None: several may
        self._test = Glob(spec.test) if spec.test else None
        self.before = before_requests(spec)
        try:
            self._match = pattern(spec.match)
        except ValueError:
            expected: str = pattern.expected  # type: ignore[attr-defined]
            raise ConfigError(f'{label} match', spec.match, expected) from None

    def is_about(self, proxy: str) -> bool:
        """Return whether it is about a proxy of this name."""
        return self._proxy.matches(proxy)

    def holds_in(self, test: str) -> bool:
        """Return whether it holds within the mark of a test; empty: between two marks."""
        return self._test is None or test != '' and self._test.matches(test)

    def marked(self) -> None:
        """Begin the count anew where it counts within a mark."""
        if self._test is not None:
            self._counted = 0

    def matches(self, session: int, exchange: Exchange, asked: Request) -> bool:
        """Return whether it means a request.

        Args:
            session: The session's number.
            exchange: The exchange, which has its number.
            asked: Its name and its shape.
        """
        spec, stage = self.spec, exchange.stage
        before = stage if stage in BEFORE_REQUESTS and exchange.number == 0 else ''
        if self.before != before or spec.stage and spec.stage != stage:
            return False
        if spec.session and spec.session != session or spec.exchange and spec.exchange != exchange.number:
            return False
        request = self._request
        if not (request.anything or request.matches(asked.name) or request.matches(asked.shape)):
            return False
        return self._match is None or self._match.search(asked.name) is not None

    def counts(self) -> bool:
        """Count a request that it means, and return whether that is to get it."""
        self.matched += 1
        self._counted += 1
        nth, count = self.spec.nth, self.spec.count
        return nth == 0 or self._counted >= nth and (count == 0 or self._counted < nth + count)

    def missed(self, reason: str) -> None:
        """Record why a request that was due did not get it."""
        self.reason = reason

    def met(self, applied: Applied) -> None:
        """Record that it was applied."""
        self.applied += 1
        self.where.append(applied)
        self.reason = ''

    @property
    def why_not(self) -> str:
        """Why it was not applied, or not to the newest request that was due; empty: it was."""
        if self.reason or self.applied:
            return self.reason
        if self.matched:
            times = 'once' if self.matched == 1 else f'{self.matched} times'
            return f'matched {times}, and not the one that it is for'
        return 'no request has matched'


def before_requests(spec: FaultSpec) -> str:
    """Return which step before all requests an entry is about; empty: none, it is about requests."""
    if spec.stage in BEFORE_REQUESTS:
        return spec.stage
    if spec.stage:
        return ''
    if spec.name.removeprefix('kind:') in HANDSHAKE_KINDS or spec.settings.get('kind') in HANDSHAKE_KINDS:
        return HANDSHAKE
    return OPENING if spec.request.lower() == OPENING else ''
