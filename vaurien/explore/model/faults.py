"""What may be done to a request: for each class the failures that a server has, and how often. Tables and pure functions."""
from collections.abc import Mapping
from typing import NamedTuple

from ...protocols.tls_kinds import HANDSHAKE
from ...spec import FaultSpec, ProxySpec, tls_sides
from .sites import Place, Site, answered_ok

ONCE, ALWAYS = 'once', 'always'     #: modes
HANG, BLACKOUT = 'hang', 'blackout'     #: behaviors: silence, and the end of the connection before anything was done
#: which failures stand for a class: the first that fits a request is taken. Silence and the end are behaviors of every protocol
KINDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    'redis': {'A': ('readonly', 'loading', 'busy'), 'B': ('noperm', 'execabort'), 'C': ('lost-reply',), 'E': ('half-reply',)},
    'memcache': {'A': ('temporary-failure', 'out-of-memory', 'server-error', 'busy'), 'B': ('client-error', 'error'),
                 'C': ('lost-reply',), 'E': ('half-reply',)},
    'postgres': {'A': ('deadlock', 'serialization-failure', 'admin-shutdown'), 'C': ('lost-reply',), 'E': ('half-reply',)},
    'mysql': {'A': ('deadlock',), 'B': ('command-denied',), 'C': ('lost-reply',), 'E': ('half-reply',)},
    'grpc': {'A': ('grpc-unavailable', '503'), 'B': ('grpc-internal', '501'), 'C': ('lost-reply',), 'E': ('half-reply',)},
    'http': {'A': ('503', 'ws-close-1013'), 'B': ('501', 'ws-close-1008'), 'C': ('lost-reply',),
             'E': ('half-reply', 'ws-cut-inside')},
    'smtp': {'A': ('mailbox-busy', 'local-error', 'service-unavailable'),
             'B': ('mailbox-unavailable', 'sender-rejected', 'transaction-failed', 'content-rejected'),
             'C': ('lost-reply',), 'E': ('half-reply',)},
}
#: those that stand for A where they go on: the server's state
LASTING: Mapping[str, tuple[str, ...]] = {
    'redis': ('readonly', 'loading', 'busy'), 'memcache': ('out-of-memory', 'server-error'), 'mysql': ('read-only', 'not-ready'),
    'postgres': ('read-only', 'out-of-memory', 'admin-shutdown'), 'http': ('503', 'ws-close-1013'),
    'grpc': ('grpc-unavailable', '503'),
    'smtp': ('insufficient-storage', 'service-unavailable'),
}
#: how a proxy has its clients' TLS: with certificates of its own authority, or so that it can say no more than before these
OWN, SEEN = 'own', 'seen'
_FAILS = {'A': ('alert-internal-error',), 'D': ('handshake-hang',), 'F': ('handshake-reset',)}
#: which failures stand for a class in a handshake of TLS, by how a proxy has it
HANDSHAKES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    OWN: {**_FAILS, 'B': ('expired-certificate',)}, SEEN: {**_FAILS, 'B': ('alert-handshake-failure',)},
}
#: the order in which they are tried, and how often each
ORDER = (('C', ONCE), ('A', ALWAYS), ('A', ONCE), ('F', ONCE), ('D', ONCE), ('E', ONCE), ('B', ONCE))


class Point(NamedTuple):
    """One fault at one request of one test.

    Args:
        place: The request.
        category: The class, a letter of ``vaurien.protocols.kinds.CATEGORIES``.
        mode: ``once`` or ``always``.
        kinds: What is applied: the first that fits.
        first: Another fault of the same test, under which alone the request is made; None: it is made without one.
    """

    place: Place
    category: str
    mode: str
    kinds: tuple[str, ...]
    first: 'Point | None' = None

    @property
    def shape(self) -> str:
        """What the request looks like, after the one of the first fault, as a report has it."""
        shape = self.place.site.shape
        return shape if self.first is None else f'{self.first.place.site.shape}, then {shape}'

    @property
    def key(self) -> tuple[Site, str, str]:
        """What a level counts once."""
        return self.place.site, self.category, self.mode

    def specs(self) -> list[FaultSpec]:
        """Return the entries of a plan that apply it; the first that fits is applied."""
        place = self.place
        before = [] if self.first is None else self.first.specs()
        return [*before, *(FaultSpec(name=kind, proxy=place.site.proxy, request=place.site.glob, stage=place.site.stage,
                                     nth=place.nth, count=1 if self.mode == ONCE else 0, test=place.test) for kind in self.kinds)]


def kinds_of(protocol: str, category: str, mode: str) -> tuple[str, ...]:
    """Return what stands for a class in a protocol; empty: it has none."""
    if category == 'D':
        return (HANG,)
    if category == 'F':
        return (BLACKOUT,)
    if mode == ALWAYS:
        return LASTING.get(protocol, ())
    return KINDS.get(protocol, {}).get(category, ())


def handshake_of(spec: ProxySpec) -> str:
    """Return how a proxy has its clients' TLS: a key of ``HANDSHAKES``; empty: it would see none."""
    client, backend, given = tls_sides(spec)
    if client:
        return SEEN if given else OWN
    return SEEN if spec.protocol == 'tcp' and not backend else ''


def points_of(place: Place, protocol: str, clean_up: bool = False, handshake: str = '') -> list[Point]:
    """Return what may be done to a request, or to a handshake.

    Args:
        place: The request.
        protocol: What its proxy speaks.
        clean_up: Whether set-up and tear-down are tried as well.
        handshake: How its proxy has its clients' TLS: a key of ``HANDSHAKES``; empty: it knows of none.
    """
    part = place.effect.part
    if part == 'cleaning' and not clean_up:
        return []
    found = []
    for category, mode in ORDER:
        if place.site.stage == HANDSHAKE:
            kinds = HANDSHAKES.get(handshake, {}).get(category, ())
        else:   # a response that is lost within a transaction ends that, and nothing was done
            kinds = () if part == 'inside' and category in 'CE' else kinds_of(protocol, category, mode)
        if kinds and (category in 'CDEF' or answered_ok(place.answered)):
            found.append(Point(place, category, mode, kinds))
    return found
