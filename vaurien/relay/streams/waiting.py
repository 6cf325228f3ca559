"""What one stream of HTTP/2 waits for before its behavior acts: a moment, or what a greenlet does. Holds up no other stream."""
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from gevent import Greenlet, getcurrent

from .state import StreamState

if TYPE_CHECKING:
    from .lane import StreamLane


def pause_of(lane: 'StreamLane', state: StreamState) -> float | None:
    """Return for how long a message waits before its behavior acts [s]; 0: it acts at once; None: it may wait in a greenlet.

    From a pause on the behavior counts as applied.
    """
    behavior = state.exchange.drawn
    if behavior.inline:
        return 0.0
    if not behavior.pauses:
        return None
    seconds = behavior.pause(state.protocol, state.exchange, lane.to_backend)
    if seconds > 0 and lane.to_backend and not behavior.reports:
        state.told = True
        lane.session.injected(state.exchange, '')
    return seconds


def wait(lane: 'StreamLane', state: StreamState, seconds: float | None, call: Callable[..., None], *args: Any) -> None:
    """Let a behavior act after a pause, in the loop; or in a greenlet, where it may wait."""
    def run() -> None:
        if seconds is None:
            state.end_wait = partial(cast('Greenlet[..., Any]', getcurrent()).kill, block=False)
        try:
            lane.guard(call, *args)
        finally:
            state.end_wait = None
    if seconds is None:
        lane.session.spawn(run)
    else:
        state.end_wait = lane.session.call_at(monotonic() + seconds, run)
