"""Lets the lanes of WebSocket go on where a request for it was granted. Knows a session by its two lanes."""
from typing import Any

from .lane import Connection


def begin(lane: Any) -> None:
    """Put a pair of lanes of WebSocket in the places of two of messages.

    Args:
        lane: The one from the backend; the response that grants the request has passed on it.
    """
    session, before, protocol = lane.session, lane.other, lane.protocol
    connection = Connection(session, protocol, before.source, lane.source, protocol.switched, getattr(lane, 'recorder', None),
                            getattr(lane, 'deliveries', None))
    from_client, from_backend = before.cutter.held, lane.cutter.held
    before.cutter.held = lane.cutter.held = b''
    lane.stop()
    before.stop()
    session.upstream, session.downstream = connection.upstream, connection.downstream
    if protocol.first_fault is not None:
        connection.downstream.guard(connection.talk.happens, protocol.first_fault)
    for each, data in ((connection.downstream, from_backend), (connection.upstream, from_client)):
        if data and not session.ended:
            each.guard(each.direction.feed, data)
    if not session.ended:
        connection.upstream.watch()
        connection.downstream.watch()
