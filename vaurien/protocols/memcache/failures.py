"""The failures that memcached has, in the words of its text and of its binary protocol. Knows no framer."""
from collections.abc import Callable
from struct import Struct
from typing import Any, Final, NamedTuple

from ..base import Exchange
from ..message import Failure, FailureKind

#: magic, opcode, no key and no extras, data type, status, length of the text, the opaque of the request, no cas
RESPONSE: Final = Struct('>BBxxxxHI4s8x')
ANSWERED: Final = ('store', 'get', 'arith', 'delete', 'touch', 'stats', 'admin', 'noop', 'crawl', 'slabs')
KEYS: Final = ('store', 'get', 'arith', 'delete', 'touch')


class Row(NamedTuple):
    """One kind of failure. Stages that a table does not name do not have it in that protocol.

    Args:
        description: See ``FailureKind``.
        text: By stage, the line of the text protocol.
        status: Of the binary protocol.
        binary: By stage, its text.
    """

    description: str
    text: dict[str, str]
    status: int = 0
    binary: dict[str, str] = {}


def _at(stages: tuple[str, ...], text: str) -> dict[str, str]:
    return dict.fromkeys(stages, text)


ROWS: Final = {
    'out-of-memory': Row(
        'The memory is full and nothing can be evicted.',
        {'store': 'SERVER_ERROR out of memory storing object', 'get': 'SERVER_ERROR out of memory writing get response',
         'arith': 'SERVER_ERROR out of memory', 'stats': 'SERVER_ERROR out of memory writing stats'},
        0x82, {'store': 'Out of memory allocating item', 'arith': 'Out of memory incrementing value',
               'stats': 'Out of memory generating stats'}),
    'server-error': Row(
        'The server cannot carry out the request, as when a server behind a proxy of memcached cannot be reached.',
        _at(KEYS, 'SERVER_ERROR backend failure'), 0x84, _at(KEYS, 'Internal error')),
    'error': Row(
        'The server does not know the command, as one that is too old for it.',
        _at(ANSWERED, 'ERROR'), 0x81, _at(ANSWERED, 'Unknown command')),
    'client-error': Row(
        'The server takes the request for malformed.',
        _at(KEYS, 'CLIENT_ERROR bad command line format'), 0x04, _at(KEYS, 'Invalid arguments')),
    'object-too-large': Row(
        'The value is larger than the server stores.',
        _at(('store',), 'SERVER_ERROR object too large for cache'), 0x03, _at(('store',), 'Too large.')),
    'non-numeric': Row(
        'The value that is to be counted up or down is no number.',
        _at(('arith',), 'CLIENT_ERROR cannot increment or decrement non-numeric value'),
        0x06, _at(('arith',), 'Non-numeric server-side value for incr or decr')),
    'unauthenticated': Row(
        'The client has not authenticated, or its password is refused.',
        _at(ANSWERED, 'CLIENT_ERROR unauthenticated'), 0x20, _at((*ANSWERED, 'auth'), 'Auth failure.')),
    'busy': Row(
        'The server is occupied with a task of its own.',
        {'crawl': 'BUSY currently processing crawler request', 'slabs': 'BUSY currently processing reassign request'},
        0x85, _at(KEYS, 'Busy')),
    'temporary-failure': Row(
        'The server, one of Couchbase, cannot carry out the request for now; binary protocol only.',
        {}, 0x86, _at(KEYS, 'Temporary failure')),
}


def _builder(row: Row) -> Callable[[Any, Exchange], Failure]:
    def build(protocol: Any, exchange: Exchange) -> Failure:
        if not protocol.binary:
            return Failure(row.text[exchange.stage].encode() + b'\r\n')
        opcode, opaque = exchange.note[:2]
        text = row.binary[exchange.stage].encode()
        return Failure(RESPONSE.pack(0x81, opcode, row.status, len(text), opaque) + text)
    return build


def _too_many(protocol: Any, exchange: Exchange) -> Failure:
    return Failure(b'ERROR Too many open connections\r\n', end='close')


KINDS: Final = {
    **{name: FailureKind(row.description, tuple(dict.fromkeys((*row.text, *row.binary))), _builder(row))
       for name, row in ROWS.items()},
    'too-many-connections': FailureKind('The server has as many clients as it may have: it says so unasked, and closes.',
                                 ('connect',), _too_many),
}
