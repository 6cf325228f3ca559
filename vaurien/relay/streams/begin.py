"""Lets the lanes of streams go on where a client has begun to speak HTTP/2. Knows a session by its two lanes."""
from typing import Any

from .pair import Pair


def begin(lane: Any) -> None:
    """Put a pair of lanes of streams in the places of two of messages.

    Args:
        lane: The one from the client; nothing has passed on it yet.
    """
    session: Any = lane.session
    before: Any = lane.other
    pair = Pair(session, lane.protocol, lane.source, lane.dest, getattr(before, 'recorder', None),
                getattr(before, 'deliveries', None))
    pair.looking = getattr(type(lane.protocol.queue), 'looking', None)     # the first request is seen, too
    from_client, from_backend = lane.cutter.held, before.cutter.held
    lane.cutter.held = before.cutter.held = b''
    lane.stop()
    before.stop()
    upstream, downstream = pair.upstream, pair.downstream
    upstream.other, downstream.other = downstream, upstream
    session.upstream, session.downstream = upstream, downstream
    upstream.guard(upstream.take, from_client)
    if from_backend and not session.ended:
        downstream.guard(downstream.take, from_backend)
    if not session.ended:
        upstream.watch()
        downstream.watch()
