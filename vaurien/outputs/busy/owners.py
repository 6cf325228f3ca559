"""Whose code runs, told from a stack: for which proxy, and whether it is a protocol, a behavior, a toxic, or vaurien's own.

Knows where vaurien's files lie and by which names its objects hold each other, and no clock. The innermost frame that is known to
be somebody's decides: what a behavior writes is written by ``relay``, and what a library does for a behavior is the behavior's.
"""
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType, MethodType
from typing import Any, NamedTuple

from ...behaviors.dummy import Dummy
from ...protocols.base import BaseProtocol
from ...protocols.framing import Framer
from ...proxies.proxy import Proxy
from ...toxics import Toxic

PACKAGE = Path(__file__).parents[2]
OWN = PACKAGE.name      #: what the names of vaurien's own modules begin with
#: what is not a plugin's; idle is the wait for something to happen, loop what gevent and libev do themselves
RELAY, JOURNAL, CONTROL, STATSD, LOOP, IDLE, OTHER = 'relay', 'journal', 'control', 'statsd', 'loop', 'idle', 'other'
#: and what is: the protocol's name is the proxy's, those of behaviors and toxics are said
PROTOCOL, BEHAVIOR, TOXIC = 'protocol', 'behavior', 'toxic'
NAMED = (BEHAVIOR, TOXIC)   #: of which only an object tells the name
#: by the beginning of a file's place in vaurien: whose code it is; of several the first one that fits. What none fits is a helper
PLACES = (
    ('net/httpd', CONTROL), ('control', CONTROL), ('scenario', CONTROL), ('outputs/prometheus', CONTROL),
    ('outputs/statsd', STATSD), ('outputs', JOURNAL), ('relay/recording', JOURNAL), ('cli/live', JOURNAL),
    ('protocols', PROTOCOL), ('behaviors', BEHAVIOR), ('toxics', TOXIC),
    ('relay', RELAY), ('net', RELAY), ('wire', RELAY), ('plans', RELAY), ('proxies', RELAY), ('alarm', RELAY), ('mix', RELAY),
)
#: what all that it calls belongs to, as it is done for nobody else
WHOLE = (CONTROL, STATSD)
#: names under which vaurien's objects hold what leads to their proxy
WAYS = ('proxy', '_proxy', 'session', '_session', 'host', '_host', '_watched', 'lane', 'pair', '_failed', '_ended', '_accepted',
        '_drained')
HOPS = 6        #: from an object to its proxy at most
DEPTH = 200     #: frames that are looked at


class Owner(NamedTuple):
    """Whose code ran.

    Attributes:
        proxy: For which proxy; empty: for none, or it cannot be told.
        protocol: What that speaks.
        what: ``protocol``, ``behavior NAME``, ``toxic NAME``, or one of ``RELAY`` to ``OTHER``.
    """

    proxy: str
    protocol: str
    what: str

    def __str__(self) -> str:
        return f'{self.what} of {self.proxy}, {self.protocol}' if self.proxy else self.what


def owner_of(frame: FrameType | None) -> Owner:
    """Return whose code runs.

    Args:
        frame: Its innermost frame; None: nothing runs.
    """
    what, proxy = '', None
    for at in stack(frame):
        place = place_of(at.f_code)
        if place in WHOLE:
            what, proxy = place, None
            break
        held = list(holders(at))
        if not what:
            what = next(filter(None, map(plugin, held)), '') or (place if place not in NAMED else '')
        if proxy is None:
            proxy = next((found for thing in held if (found := proxy_of(thing)) is not None), None)
    return Owner('' if proxy is None else proxy.name, '' if proxy is None else proxy.spec.protocol, what or OTHER)


def stack(frame: FrameType | None) -> Iterator[FrameType]:
    """Return the frames, the innermost one first."""
    for _ in range(DEPTH):
        if frame is None:
            return
        yield frame
        frame = frame.f_back


@cache
def place_of(code: CodeType) -> str:
    """Return whose code a file of vaurien has; empty: it is none of vaurien's, or helps its caller."""
    try:
        within = Path(code.co_filename).relative_to(PACKAGE).as_posix()
    except ValueError:
        return ''
    return next((whose for beginning, whose in PLACES if within.startswith((f'{beginning}/', f'{beginning}.py'))), '')


def holders(frame: FrameType) -> Iterator[Any]:
    """Return whose method a frame may be: its first argument, and what a function within a method still has of that."""
    code = frame.f_code
    names = (*code.co_varnames[:min(1, code.co_argcount)], *code.co_freevars)
    if not names or not code.co_flags & inspect.CO_OPTIMIZED:
        return
    there = frame.f_locals
    found = [there[name] for name in names if name in there]
    if sys.version_info < (3, 13):
        there.clear()   # a copy, which would keep alive what the frame itself has let go of
    yield from found


def plugin(thing: Any) -> str:
    """Return which plugin an object is, or its class; empty: none."""
    kind = thing if isinstance(thing, type) else type(thing)
    if issubclass(kind, Dummy):
        return f'{BEHAVIOR} {kind.name}'
    if issubclass(kind, Toxic):
        return f'{TOXIC} {kind.name}'
    return PROTOCOL if issubclass(kind, BaseProtocol | Framer) else ''


def proxy_of(thing: Any, hops: int = HOPS) -> Proxy | None:
    """Return the proxy that an object of vaurien's belongs to; None: it cannot be told."""
    if isinstance(thing, Proxy):
        return thing
    if isinstance(thing, BaseProtocol):
        thing = getattr(thing, 'session', None)
    elif isinstance(thing, MethodType):
        thing = thing.__self__
    elif isinstance(thing, list):   # calls that wait for a stream: each is of its session
        thing = getattr(thing[0], 'func', thing[0]) if thing else None
        return proxy_of(thing, hops) if isinstance(thing, MethodType) else None
    if not hops or not type(thing).__module__.startswith(OWN):
        return None
    for name in WAYS:
        nearer = getattr(thing, name, None)
        found = None if nearer is None or nearer is thing else proxy_of(nearer, hops - 1)
        if found is not None:
            return found
    return None
