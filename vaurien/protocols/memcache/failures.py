"""The failures that memcached has, in the words of its text and of its binary protocol. Knows no framer."""
from collections.abc import Callable
from struct import Struct
from typing import Final, NamedTuple

from ..base import Exchange
from ..message import Failure, FailureKind, half_reply, lost_reply
from .opcodes import NOOP, REQUEST, RESPONSE
from .state import Conversation
from .verbs import VERBS

#: magic, opcode, no key and no extras, data type, status, length of the text, the request's opaque, no cas
PACKET: Final = Struct('>BBxxxxHI4s8x')
QUIET: Final = 2    #: where the note of an exchange says whether its request is quiet, in both protocols
WITH_RESPONSE: Final = ('store', 'get', 'arith', 'delete', 'touch', 'stats', 'admin', 'noop', 'crawl', 'slabs')
KEYS: Final = ('store', 'get', 'arith', 'delete', 'touch')


class Row(NamedTuple):
    """One kind of failure; the stages that a table does not name do not have it in that protocol.

    Args:
        category, scope, description: See ``FailureKind``.
        text: The line of the text protocol, by stage.
        status: The status of the binary protocol.
        binary: The text of the binary protocol, by stage.
    """

    category: str
    scope: str
    description: str
    text: dict[str, str]
    status: int = 0
    binary: dict[str, str] = {}


def _at(stages: tuple[str, ...], text: str) -> dict[str, str]:
    return dict.fromkeys(stages, text)


ROWS: Final = {
    'out-of-memory': Row(
        'A', 'server', 'The memory is full and nothing can be evicted.',
        {'store': 'SERVER_ERROR out of memory storing object', 'get': 'SERVER_ERROR out of memory writing get response',
         'arith': 'SERVER_ERROR out of memory', 'stats': 'SERVER_ERROR out of memory writing stats'},
        0x82, {'store': 'Out of memory allocating item', 'arith': 'Out of memory incrementing value',
               'stats': 'Out of memory generating stats'}),
    'server-error': Row(
        'A', 'server',
        'The server cannot carry out the request, as when a proxy of memcached does not reach the server behind it.',
        _at(KEYS, 'SERVER_ERROR backend failure'), 0x84, _at(KEYS, 'Internal error')),
    'error': Row(
        'B', 'request', 'The server does not know the command, as an old server does not know a new one.',
        _at(WITH_RESPONSE, 'ERROR'), 0x81, _at(WITH_RESPONSE, 'Unknown command')),
    'client-error': Row(
        'B', 'request', 'The server finds the request malformed.',
        _at(KEYS, 'CLIENT_ERROR bad command line format'), 0x04, _at(KEYS, 'Invalid arguments')),
    'object-too-large': Row(
        'B', 'request', 'The value is larger than the server stores.',
        _at(('store',), 'SERVER_ERROR object too large for cache'), 0x03, _at(('store',), 'Too large.')),
    'non-numeric': Row(
        'B', 'request', 'The value to be incremented or decremented is not a number.',
        _at(('arith',), 'CLIENT_ERROR cannot increment or decrement non-numeric value'),
        0x06, _at(('arith',), 'Non-numeric server-side value for incr or decr')),
    'unauthenticated': Row(
        'B', 'server', 'The client has not authenticated, or its password is refused.',
        _at(WITH_RESPONSE, 'CLIENT_ERROR unauthenticated'), 0x20, _at((*WITH_RESPONSE, 'auth'), 'Auth failure.')),
    'busy': Row(
        'A', 'server', 'The server is occupied with a task of its own.',
        {'crawl': 'BUSY currently processing crawler request', 'slabs': 'BUSY currently processing reassign request'},
        0x85, _at(KEYS, 'Busy')),
    'temporary-failure': Row(
        'A', 'server', 'The server, one of Couchbase, cannot carry out the request for now; binary protocol only.',
        {}, 0x86, _at(KEYS, 'Temporary failure')),
}


def _codes(row: Row) -> tuple[str, ...]:
    """Return the word that a line of text begins with, and the status of the binary protocol."""
    return (*dict.fromkeys(text.split()[0] for text in row.text.values()), f'{row.status:#04x}')


def _builder(row: Row) -> Callable[[Conversation, Exchange], Failure]:
    def build(protocol: Conversation, exchange: Exchange) -> Failure:
        if not protocol.binary:
            return Failure(row.text[exchange.stage].encode() + b'\r\n')
        opcode, opaque = exchange.note[:2]
        text = row.binary[exchange.stage].encode()
        return Failure(PACKET.pack(RESPONSE, opcode, row.status, len(text), opaque) + text)
    return build


def closing(protocol: Conversation, exchange: Exchange, failure: Failure) -> Failure:
    """Let the backend get a ``noop`` in place of a request that closes a batch of quiet ones.

    Without it the backend, which answers no quiet request that misses, says nothing at all, and it stays unknown that these have
    no response. A request that follows no quiet one is replaced by nothing.
    """
    last = protocol.queue[-1] if protocol.queue else None
    if failure.request != b'' or last is None or last.failure is not None or not last.note[QUIET]:
        return failure
    exchange.stage = 'noop'
    if not protocol.binary:
        exchange.note = VERBS[b'mn'].response
        return failure._replace(request=b'mn\r\n')
    opaque = exchange.note[1]
    exchange.note = NOOP, opaque, False, b''
    return failure._replace(request=PACKET.pack(REQUEST, NOOP, 0, 0, opaque))


def _too_many(protocol: Conversation, exchange: Exchange) -> Failure:
    return Failure(b'ERROR Too many open connections\r\n', end='close')


KINDS: Final = {
    **{name: FailureKind(row.description, tuple(dict.fromkeys((*row.text, *row.binary))), _builder(row), _codes(row),
                         row.category, row.scope)
       for name, row in ROWS.items()},
    'too-many-connections': FailureKind(
        'The server has all the clients it may have: it sends an error at once and closes the connection.',
        ('connect',), _too_many, ('ERROR',), 'F', 'server'),
    'lost-reply': lost_reply(WITH_RESPONSE),
    'half-reply': half_reply(WITH_RESPONSE),
}
