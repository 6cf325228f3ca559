"""A session whose connections begin in the clear and may go on inside TLS: when the client's does. Knows no wire format.

Both have to be there: the answer that says so has had its turn, after those to all requests before it, and what the client has
sent after its request was found. Until TLS has begun, neither lane reads.
"""
import logging
from typing import Any, Protocol

from ...net.stream import Stream
from ...protocols.base import BaseProtocol
from ...protocols.message import MessageProtocol
from ..lane import Lane

logger = logging.getLogger(__name__)


class Switched(Protocol):
    """What is asked of a session."""

    number: int
    ended: bool
    upstream: Lane
    downstream: Lane
    protocol: BaseProtocol
    client: Stream
    backend: Stream

    @property
    def name(self) -> str: ...
    def lost(self, lane: Lane, error: OSError) -> None: ...
    def abort(self) -> None: ...


class Switching:
    """Begins TLS on the client's connection, and ends the session where it cannot begin on the one or the other.

    Args:
        session: The session; some stream of it is inside TLS, or may come to be.
    """

    __slots__ = ('_session', '_data', '_agreed')

    def __init__(self, session: Switched) -> None:
        self._session = session
        self._data: bytes | None = None
        self._agreed = False
        protocol, client, backend = session.protocol, session.client, session.backend
        if isinstance(protocol, MessageProtocol):
            protocol.sides(client.tls and not client.late, backend.tls, client.late)
        for stream, ended in ((client, self._client_ended), (backend, self._backend_ended)):
            if stream.late:
                late: Any = stream
                late.on_end = ended

    def follows(self, data: bytes, waited: bool) -> None:
        """Learn what the client has sent after its request for TLS.

        Args:
            data: That.
            waited: The client has to wait for an answer first.
        """
        session = self._session
        session.upstream.hold()
        if waited and data:
            logger.warning('session %d of %s is reset: %d bytes in the clear came after the request for TLS',
                           session.number, session.name, len(data))
            session.abort()
            return
        self._data = data
        self._start()

    def agreed(self) -> None:
        """Learn that the client has been told that TLS begins."""
        self._agreed = True
        self._session.downstream.hold()
        self._start()

    def _start(self) -> None:
        session = self._session
        if self._agreed and self._data is not None and not session.ended:
            data, protocol, client = self._data, session.protocol, session.client
            assert isinstance(protocol, MessageProtocol)
            late: Any = client
            late.start_tls(data, protocol.tls_begun())

    def _client_ended(self, error: OSError | None) -> None:
        session = self._session
        if session.ended:
            return
        if error is not None:
            session.lost(session.upstream, error)
            return
        if session.backend.late:
            client, backend = (session.client, session.backend)     # type: tuple[Any, Any]
            backend.hello = client.hello
        session.downstream.unhold()
        session.upstream.unhold()

    def _backend_ended(self, error: OSError | None) -> None:
        session = self._session
        if error is not None and not session.ended:
            session.lost(session.downstream, error)
