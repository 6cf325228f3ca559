"""The words for how a kind of server fails: what a table of failures has in each row. Knows no framer and no stream."""
from collections.abc import Callable
from typing import Any

from .base import Exchange
from .failure import Builder as Builder
from .failure import Failure
from .failure import FailureKind as FailureKind
from .halves import Half

#: what a client can tell apart, by the letter that stands for it
CATEGORIES = {
    'A': 'refused before it had any effect, and worth another try',
    'B': 'refused for good',
    'C': 'done, and the response is lost',
    'D': 'silence, or a response so slow that it comes to the same',
    'E': 'part of a response, and then the end of the connection',
    'F': 'no connection, or none any more before anything was done',
}
SCOPES = ('request', 'server')      #: whose state a failure is

# -- what every server has, since every connection can break

LOST = Failure(request=None, end='reset')   #: the request reaches the backend, and the client's connection is reset in the end
LOST_REPLY, HALF_REPLY = 'lost-reply', 'half-reply'     #: what these are called in every protocol


def lost(protocol: Any, exchange: Exchange) -> Failure:
    """Let the backend respond to the end, and reset the client's connection without a byte of that."""
    return LOST


def lost_reply(stages: tuple[str, ...], build: Builder = lost) -> FailureKind:
    """Return the kind of a response that gets lost.

    Args:
        stages: Those of the requests that one connection brings to their end: no response of theirs makes the client send more.
        build: As in ``FailureKind``.
    """
    return FailureKind(
        "The connection breaks just after the server has done what was asked: the request reaches it, its response is dropped to "
        "the end, and the connection is reset. The client cannot know whether it has happened.",
        stages, build, category='C', only_named=True)


def half_reply(stages: tuple[str, ...], make: Callable[[], Half] = Half, build: Builder | None = None) -> FailureKind:
    """Return the kind of a response that ends in its middle.

    Args:
        stages: As for ``lost_reply``.
        make: Makes what lets the first half pass.
        build: As in ``FailureKind``; None: the half of the response to one request, and then FIN.
    """
    def halve(protocol: Any, exchange: Exchange) -> Failure:
        return Failure(request=None, end='close', half=make())
    return FailureKind(
        "The connection breaks while the server responds: the request reaches it, the first half of its response arrives, and "
        "the connection closes.",
        stages, build or halve, category='E', only_named=True)
