"""What is recorded of sessions, as it is handed to followers and written into a journal. Knows no session and no file."""
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

OK = 'ok'           #: how a request was answered that the server served
NO_ANSWER = 'none'  #: nothing answers a request like this one
CUT = ''            #: the connection ended before the answer was complete
UNREAD = 'unread'   #: the session could not be followed any more before the answer was complete
#: answers that are no error: that of a request that has none, and of one of a session that could not be followed to its end
WELL = frozenset((OK, NO_ANSWER, UNREAD))


class Exchanged(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field='type', tag='exchange'):
    """One request and how it was answered.

    Args:
        time: When the request began to come [s since 1970].
        proxy: The proxy's name.
        session: The session's number in its proxy, from 1.
        number: The exchange's number in its session, from 1; 0: the opening of the connection, or a step that has no number.
        name: What ``match`` is held against: ``GET /items``, ``SET key``; empty where the protocol knows no requests.
        shape: The name with what differs masked.
        answer: ``ok``, or the code or word of the protocol's own error: ``READONLY``, ``1213``, ``40001``, ``503``. ``none``:
            a request of this kind gets no answer. ``unread``: the session could not be followed to its end. Empty: the
            connection ended first.
        seconds: From the first byte of the request to the last one of the answer, or to the end of the connection.
        sent: [bytes] of the request.
        received: [bytes] of the answer.
        digest: Of the request's payload, 8 hexadecimal digits (CRC-32); empty: it has none, or one that is secret.
        fault: ``behavior`` or ``behavior/kind`` of what was injected; empty: nothing.
        test: The mark that was set when the request began; empty: none.
        code: What the answer says of itself beside that: the status of HTTP, the code of SMTP, ``nil`` or ``0`` of Redis, the
            word of memcached; empty: nothing.
        stage: Where in the conversation the request stood, in the protocol's own words.
        key: Of what the request says it is to be known by if it comes again, 8 hexadecimal digits (CRC-32): the Idempotency-Key
            of HTTP. Empty: nothing.
        trace: The ``traceparent`` that the request carries, where spans are made; empty: none.
    """

    time: float
    proxy: str
    session: int
    number: int
    name: str
    shape: str
    answer: str
    seconds: float
    sent: int
    received: int
    digest: str = ''
    fault: str = ''
    test: str = ''
    code: str = ''
    stage: str = ''
    key: str = ''
    trace: str = ''


class Opened(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field='type', tag='open'):
    """A client was connected to the backend.

    Args:
        time: When [s since 1970].
        proxy: The proxy's name.
        session: The session's number in its proxy, from 1.
        client: The client's address.
        test: The mark that was set; empty: none.
    """

    time: float
    proxy: str
    session: int
    client: str
    test: str = ''


class Closed(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field='type', tag='close'):
    """A session has ended.

    Args:
        time: When [s since 1970].
        proxy: The proxy's name.
        session: The session's number in its proxy.
        by: Who ended it: ``client``, ``backend`` or ``vaurien``.
        how: ``fin``, ``rst``, or ``timeout``.
        seconds: How long it was open.
        exchanges: Its exchanges: requests, or events from the client where the protocol knows none.
        sent: [bytes] received from the client.
        received: [bytes] received from the backend.
    """

    time: float
    proxy: str
    session: int
    by: str
    how: str
    seconds: float
    exchanges: int
    sent: int
    received: int


class Unread(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field='type', tag='unread'):
    """A session is relayed unread from here on.

    Args:
        time: When [s since 1970].
        proxy: The proxy's name.
        session: The session's number in its proxy.
        reason: Why.
    """

    time: float
    proxy: str
    session: int
    reason: str


class Marked(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field='type', tag='mark'):
    """A test begins, or the one before ends.

    Args:
        time: When [s since 1970].
        test: Its name; empty: there is none from here on.
    """

    time: float
    test: str


class Noticed(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field='type', tag='notice'):
    """Something has happened to the whole process, such as that it has healed itself as a member of a cluster.

    Args:
        time: When [s since 1970].
        text: What, in a line.
    """

    time: float
    text: str


#: of a short request that has come whole: when it began, by the monotonic clock [s], the mark, and its bytes
Short = tuple[float, str, bytes]


class Maker(Protocol):
    """Makes the record of an exchange of its session."""

    def made(self, exchange: Any, noted: Short, data: bytes, ended: float) -> Exchanged: ...


#: what the record of a short exchange is made of: by whom, the exchange, its request, its answer, and when that had left
Whole = tuple[Maker, Any, Short, bytes, float]


def made(whole: Whole) -> Exchanged:
    """Make the record of a short exchange."""
    maker, exchange, noted, data, ended = whole
    return maker.made(exchange, noted, data, ended)


class Sink(Protocol):
    """Takes what is recorded.

    Attributes:
        mark: The test that runs, as somebody has said; empty: none.
        later: Takes short exchanges whose records are still to be made, in place of ``exchanged``: many that are made one
            after the other cost less. None: all records are made at once.
        traces: Records say which trace their requests belong to.
    """

    mark: str
    traces: bool
    later: Callable[[Whole], None] | None

    def exchanged(self, exchanged: Exchanged) -> None: ...
    def happened(self, event: Any) -> None: ...
