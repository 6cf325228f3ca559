"""How pymemcache, and clients of the meta commands and of the binary protocol, meet the failures of memcached."""
import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pymemcache
from pymemcache.exceptions import MemcacheError, MemcacheUnknownCommandError

from tests.support.peers import connect, read_exactly
from tests.support.processes import HOST, folder
from tests.support.servers import memcached_server
from tests.support.unit_of_time import PATIENCE

from .rows import ANEW, KEPT, REOPENED, Client, Row

SERVER = 'memcached_server'
#: magic, opcode, lengths of key and extras, data type, vbucket or status, length of the body, opaque, cas ("Binary Protocol
#: Revamped")
PACKET = struct.Struct('>BBHBxHIIQ')
LARGE = b'x' * 2 * 1024 * 1024      #: more than memcached stores under one key


@contextlib.contextmanager
def with_pymemcache(port: int) -> Iterator[Any]:
    """Give a client for the length of a block; it closes its connection at each error, and opens another one."""
    with contextlib.closing(pymemcache.Client((HOST, port), timeout=PATIENCE, default_noreply=False)) as client:
        yield client


def works(client: Any) -> None:
    """Set a key, read it, and delete it."""
    assert client.set('works', 'value')
    assert client.get('works') == b'value'
    assert client.delete('works')


def code(error: Any) -> object:
    """Return what the server said; of a command that it does not know the client says only which."""
    said = isinstance(error, MemcacheError) and not isinstance(error, MemcacheUnknownCommandError) and error.args
    return said[0].decode() if said else ''


class Meta:
    """A client of the meta commands.

    Args:
        port: Of 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self.sock = connect(port)
        self.file = self.sock.makefile('rb')

    def __enter__(self) -> 'Meta':
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.sock.close()

    def ask(self, line: str, data: bytes | None = None) -> str:
        """Send a command, perhaps with a data block, and return the first line of its response."""
        with contextlib.suppress(BrokenPipeError):      # the response may have come before all was sent
            self.sock.sendall(line.encode() + b'\r\n' + (b'' if data is None else data + b'\r\n'))
        return self.file.readline().decode().rstrip()


def meta_works(client: Meta) -> None:
    """Set a key, and read its length."""
    assert client.ask('ms works 5', b'value') == 'HD'
    assert client.ask('mg works s') == 'HD s5'
    assert client.ask('md works') == 'HD'


class Binary:
    """A client of the binary protocol.

    Args:
        port: Of 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self.sock: socket.socket = connect(port)

    def __enter__(self) -> 'Binary':
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def ask(self, opcode: int, key: bytes = b'', extras: bytes = b'', value: bytes = b'') -> str:
        """Send a request, and return the status and the text of its response."""
        body = extras + key + value
        self.sock.sendall(PACKET.pack(0x80, opcode, len(key), len(extras), 0, len(body), 42, 0) + body)
        magic, answered, _, skipped, status, length, opaque, _ = PACKET.unpack(read_exactly(self.sock, PACKET.size))
        assert (magic, answered, opaque) == (0x81, opcode, 42)
        said = read_exactly(self.sock, length)[skipped:]
        return f'{status:#04x} {said.decode()}' if status else f'{status:#04x} {said!r}'


NEW = bytes(8)      #: extras of a new value: its flags, and that it does not expire
ONE = struct.pack('>QQI', 1, 0, 0)      #: extras of a number that counts up by one, and begins with 0


def binary_works(client: Binary) -> None:
    """Set a key, and read it."""
    assert client.ask(0x01, b'works', NEW, b'value') == "0x00 b''"
    assert client.ask(0x00, b'works') == "0x00 b'value'"


PYMEMCACHE = Client('pymemcache', with_pymemcache, works, code)
META = Client('meta commands', Meta, meta_works)
BINARY = Client('binary protocol', Binary, binary_works)

# -- what the client does

ACTS: dict[tuple[Client, str], Callable[[Any], object]] = {
    (PYMEMCACHE, 'get'): lambda client: client.get('key'),
    (PYMEMCACHE, 'set'): lambda client: client.set('key', 'value'),
    (PYMEMCACHE, 'incr'): lambda client: client.incr('key', 1),
    (PYMEMCACHE, 'lru_crawler'): lambda client: client.raw_command('lru_crawler crawl all').decode(),
    (META, 'get'): lambda client: client.ask('mg key v'),
    (META, 'set'): lambda client: client.ask('ms key 5', b'value'),
    (META, 'incr'): lambda client: client.ask('ma key v'),
    (BINARY, 'get'): lambda client: client.ask(0x00, b'key'),
    (BINARY, 'set'): lambda client: client.ask(0x01, b'key', NEW, b'value'),
    (BINARY, 'incr'): lambda client: client.ask(0x05, b'key', ONE),
}


# -- how memcached is made to fail

def many(ask: Callable[[int], str], fine: str) -> str:
    """Ask until there is another response, and return that."""
    return next((response for response in map(ask, range(1000)) if response != fine), fine)


#: what a client does that memcached refuses by itself
REFUSED: dict[tuple[Client, str], tuple[str, Callable[[Any], object]]] = {
    (PYMEMCACHE, 'error'): ('the command is none', lambda client: client.raw_command('unheard of')),
    (BINARY, 'error'): ('the opcode is none', lambda client: client.ask(0x77)),
    (META, 'error'): ('the command is none', lambda client: client.ask('unheard of')),
    (PYMEMCACHE, 'client-error'): ('the key is too long', lambda client: client.raw_command(f'get {"k" * 251}')),
    (META, 'client-error'): ('the key is too long', lambda client: client.ask(f'mg {"k" * 251} v')),
    (BINARY, 'client-error'): ('the extras are missing', lambda client: client.ask(0x05, b'key')),
    (PYMEMCACHE, 'object-too-large'): ('a value of 2 MB', lambda client: client.set('key', LARGE)),
    (META, 'object-too-large'): ('a value of 2 MB', lambda client: client.ask(f'ms key {len(LARGE)}', LARGE)),
    (BINARY, 'object-too-large'): ('a value of 2 MB', lambda client: client.ask(0x01, b'key', NEW, LARGE)),
    (PYMEMCACHE, 'non-numeric'): ('the value is a text', lambda client: client.set('key', 'x') and client.incr('key', 1)),
    (META, 'non-numeric'): ('the value is a text', lambda client: client.ask('ms key 1', b'x') and client.ask('ma key v')),
    (BINARY, 'non-numeric'): (
        'the value is a text', lambda client: client.ask(0x01, b'key', NEW, b'x') and client.ask(0x05, b'key', ONE)),
}
PIECE = b'x' * 100_000
#: what fills the memory
FILL: dict[Client, Callable[[Any], object]] = {
    PYMEMCACHE: lambda client: [client.set(f'key{number}', PIECE) for number in range(1000)],
    META: lambda client: many(lambda number: client.ask(f'ms key{number} {len(PIECE)}', PIECE), 'HD'),
    BINARY: lambda client: many(lambda number: client.ask(0x01, b'key%d' % number, NEW, PIECE), "0x00 b''"),
}


def refused(client: Client, act: Callable[[Any], object], server: Any) -> object:
    """Do what the server refuses."""
    with client.open(server.port) as connection:
        return act(connection)


def filled(client: Client, _: Any) -> object:
    """Fill a server that evicts nothing."""
    with memcached_server('-m', '4', '-M') as server:
        return refused(client, FILL[client], server)


def crowded(client: Client, act: Callable[[Any], object], _: Any) -> object:
    """Ask a server that has as many clients as it may have."""
    with memcached_server('-c', '64') as server, contextlib.ExitStack() as stack:
        for _ in range(66):      # those that are too many meet it themselves
            stack.enter_context(Meta(server.port)).ask('version')
        return refused(client, act, server)


def guarded(client: Client, act: Callable[[Any], object], _: Any) -> object:
    """Ask a server that knows us not."""
    with folder() as where:
        where.chmod(0o755)
        (where / 'users').write_text('somebody:secret\n')
        with memcached_server('-Y', str(where / 'users')) as server:
            return refused(client, act, server)


# -- the rows

E = 'pymemcache.exceptions'


def row(kind: str, client: Client, did: str, met: str, afterwards: str = '') -> Row:
    """Make a row. pymemcache closes its connection at whatever it takes for an error; memcached would have kept it."""
    act, how, real = ACTS[client, did], '', None
    if (client, kind) in REFUSED:
        how, real = REFUSED[client, kind][0], partial(refused, client, REFUSED[client, kind][1])
    elif (kind, did) == ('out-of-memory', 'set'):
        how, real = 'memcached -m 4 -M', partial(filled, client)
    elif kind == 'too-many-connections' and client is not BINARY:
        how, real = 'memcached -c', partial(crowded, client, act)
    elif kind == 'unauthenticated' and client is not BINARY:
        how, real = 'memcached -Y', partial(guarded, client, act)
    return Row(kind, client, did, act, met, afterwards or (REOPENED if client is PYMEMCACHE else KEPT), how=how, real=real)


#: kind -> what is done, and what the three clients meet
MET = {
    'server-error': ('get', 'MemcacheServerError backend failure', 'SERVER_ERROR backend failure', '0x84 Internal error'),
    'error': ('get', 'MemcacheUnknownCommandError', 'ERROR', '0x81 Unknown command'),
    'client-error': ('get', 'MemcacheClientError bad command line format', 'CLIENT_ERROR bad command line format',
                     '0x04 Invalid arguments'),
    'object-too-large': ('set', 'MemcacheServerError object too large for cache', 'SERVER_ERROR object too large for cache',
                         '0x03 Too large.'),
    'non-numeric': ('incr', 'MemcacheClientError cannot increment or decrement non-numeric value',
                    'CLIENT_ERROR cannot increment or decrement non-numeric value',
                    '0x06 Non-numeric server-side value for incr or decr'),
    'unauthenticated': ('get', 'MemcacheClientError unauthenticated', 'CLIENT_ERROR unauthenticated', '0x20 Auth failure.'),
}
OUT_OF_MEMORY = {
    'set': ('MemcacheServerError out of memory storing object', 'SERVER_ERROR out of memory storing object',
            '0x82 Out of memory allocating item'),
    'incr': ('MemcacheServerError out of memory', 'SERVER_ERROR out of memory', '0x82 Out of memory incrementing value'),
}


def three(kind: str, did: str, raised: str, line: str, packet: str) -> list[Row]:
    """Make the rows of the three clients."""
    return [row(kind, PYMEMCACHE, did, f'{E}.{raised}'), row(kind, META, did, line), row(kind, BINARY, did, packet)]


ROWS = [
    *(made for did, met in OUT_OF_MEMORY.items() for made in three('out-of-memory', did, *met)),
    row('out-of-memory', PYMEMCACHE, 'get', f'{E}.MemcacheServerError out of memory writing get response'),
    *(made for kind, (did, *met) in MET.items() for made in three(kind, did, *met)),
    row('busy', PYMEMCACHE, 'lru_crawler', 'BUSY currently processing crawler request', KEPT),
    row('busy', BINARY, 'get', '0x85 Busy'),
    row('temporary-failure', BINARY, 'get', '0x86 Temporary failure'),
    row('too-many-connections', PYMEMCACHE, 'get', f'{E}.MemcacheUnknownCommandError'),
    row('too-many-connections', META, 'get', 'ERROR Too many open connections', ANEW),
    row('lost-reply', PYMEMCACHE, 'set', 'ConnectionResetError'),
    row('half-reply', PYMEMCACHE, 'get', f'{E}.MemcacheUnexpectedCloseError'),
]
