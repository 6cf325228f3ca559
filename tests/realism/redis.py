"""How redis-py meets the failures of Redis, in both versions of its protocol, and in a transaction."""
import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.hosting import eventually
from tests.support.peers import free_port
from tests.support.processes import HOST
from tests.support.servers import USER, redis_server
from tests.support.unit_of_time import PATIENCE

from .rows import REOPENED, Client, Row, outcome

SERVER = 'redis_server'
NOWHERE = 1     #: a port without a listener


@contextlib.contextmanager
def connected(port: int, protocol: int = 2, retries: int = 0, **settings: Any) -> Iterator[Any]:
    """Give a client for the length of a block; it connects when it is used, and again where it has lost its connection.

    Args:
        port: Of 127.0.0.1.
        protocol: The version of RESP.
        retries: How often it tries again by itself, after what it takes for an error of the connection.
        settings: Others of ``redis.Redis``.
    """
    with redis.Redis(HOST, port, protocol=protocol, retry=Retry(NoBackoff(), retries), socket_timeout=PATIENCE,
                     **settings) as client:
        yield client


def works(client: Any) -> None:
    """Set a key, and read it in a transaction."""
    assert client.set('key', 'value')
    with client.pipeline() as pipe:
        assert pipe.get('key').delete('key').execute() == [b'value', 1]


def code(error: Any) -> object:
    """Return the code that the server gave: the first word of what it said."""
    said = re.match(r'(?:Command # \d+ .* of pipeline caused error: )?([A-Z]{2,}) ', str(error))
    return getattr(error, 'status_code', None) or (said[1] if said else '')


RESP2, RESP3 = (Client(f'redis-py, RESP{version}', partial(connected, protocol=version), works, code) for version in (2, 3))
LOGGED_IN2, LOGGED_IN3 = (
    Client(f'redis-py, RESP{version}', partial(connected, protocol=version, username='default', password=USER), works, code)
    for version in (2, 3))
RETRYING2, RETRYING3 = (
    Client(f'redis-py, RESP{version}, with a retry', partial(connected, protocol=version, retries=1), works, code)
    for version in (2, 3))


# -- what the client does

def get(client: Any) -> object:
    """Read a key."""
    return client.get('key')


def put(client: Any) -> object:
    """Write a key."""
    return client.set('key', 'value')


def several(client: Any) -> object:
    """Read two keys of different slots."""
    return client.mget('a', 'b')


def transaction(client: Any) -> object:
    """Write and read in a transaction."""
    with client.pipeline() as pipe:
        return pipe.set('key', 'value').get('key').execute()


def watched(client: Any, meanwhile: Callable[[], object] = lambda: None) -> object:
    """Write in a transaction, if no other client has written meanwhile."""
    with client.pipeline() as pipe:
        pipe.watch('key')
        pipe.multi()
        pipe.set('key', 'value')
        meanwhile()
        return pipe.execute()


def pop(client: Any) -> object:
    """Wait for the first of a list."""
    return client.blpop('list', timeout=PATIENCE)


def evaluate(client: Any) -> object:
    """Run a script by its digest."""
    return client.evalsha('0' * 40, 0)


def script(client: Any) -> object:
    """Run a script as redis-py offers it: by its digest, and where that is not known, once more after loading it."""
    return client.register_script('return 42')()


# -- how Redis is made to fail

@contextlib.contextmanager
def told(*commands: str, arguments: tuple[str, ...] = ()) -> Iterator[int]:
    """Yield the port of a Redis that was configured so by a client that is still connected."""
    with redis_server(*arguments) as server, connected(server.port) as admin:
        for command in commands:
            admin.execute_command(*command.split())
        yield server.port


@contextlib.contextmanager
def unable_to_save() -> Iterator[int]:
    """Give the port of a Redis that finds a folder in the place of its file."""
    with redis_server('--save', '3600 1') as server, connected(server.port) as admin:
        (server.folder / 'dump.rdb').mkdir()
        with contextlib.suppress(redis.ResponseError):     # what it says to this depends on how fast it fails
            admin.bgsave()
        eventually(lambda: admin.info('persistence')['rdb_last_bgsave_status'] == 'err', 'the failure')
        try:
            yield server.port
        finally:
            admin.config_set('save', '')    # else it refuses to end


@contextlib.contextmanager
def occupied(work: Callable[[Any], object], word: str, end: tuple[str, ...], *before: str) -> Iterator[int]:
    """Give the port of a Redis that is at work, and says so.

    Args:
        work: What it is given to do.
        word: The code by which it says so.
        end: The command that ends it.
        before: What it was told before.
    """
    with told(*before) as port, connected(port) as admin:
        def run() -> None:
            with contextlib.suppress(redis.ResponseError), connected(port) as client:
                work(client)
        thread = threading.Thread(target=run)
        thread.start()
        eventually(lambda: outcome(RESP2, admin.randomkey).endswith(word), word)
        try:
            yield port
        finally:
            admin.execute_command(*end)
            thread.join(PATIENCE)


@contextlib.contextmanager
def cluster(*commands: str) -> Iterator[int]:
    """Give the port of a node of a cluster that was told this; in it ``{slot}`` is that of the key, ``{other}`` another node."""
    arguments = '--cluster-enabled', 'yes', '--cluster-port', str(free_port()), '--cluster-allow-reads-when-down', 'yes'
    with told('CLUSTER ADDSLOTSRANGE 0 16383', f'CLUSTER MEET {HOST} {NOWHERE} {NOWHERE}', arguments=arguments) as port, \
            connected(port, decode_responses=True) as admin:
        slot = str(admin.execute_command('CLUSTER', 'KEYSLOT', 'key'))
        other, = (line.split()[0] for line in admin.execute_command('CLUSTER', 'NODES').splitlines() if 'myself' not in line)
        for command in commands:
            admin.execute_command(*command.format(slot=slot, other=other).split())
        yield port


def loading(client: Any) -> object:
    """Have all keys loaded once more."""
    return client.execute_command('DEBUG', 'RELOAD')


def endless(client: Any) -> object:
    """Run a script that does not end."""
    return client.eval('while true do end', 0)


#: between two keys, each of which takes it 10 ms, it looks after its clients
LOADING = partial(
    occupied, loading, 'LOADING', ('CONFIG', 'SET', 'key-load-delay', '0'), 'DEBUG POPULATE 200 key 2048',
    'CONFIG SET rdbcompression no', 'CONFIG SET key-load-delay 10000', 'CONFIG SET loading-process-events-interval-bytes 1024')
BUSY = partial(occupied, endless, 'BUSY', ('SCRIPT', 'KILL'), 'CONFIG SET lua-time-limit 1')
REPLICA = f'REPLICAOF {HOST} {NOWHERE}'

Failing = Callable[[], AbstractContextManager[int]]
#: kind -> how Redis fails like this in words, and what gives the port of one that does
REDIS: dict[str, tuple[str, Failing]] = {
    'loading': ('DEBUG RELOAD of many keys', LOADING),
    'busy': ('a script that does not end', BUSY),
    'readonly': ('REPLICAOF', partial(told, REPLICA)),
    'oom': ('CONFIG SET maxmemory', partial(told, 'CONFIG SET maxmemory 1')),
    'masterdown': ('REPLICAOF a master that is not there', partial(told, REPLICA, 'CONFIG SET replica-serve-stale-data no')),
    'noreplicas': ('CONFIG SET min-replicas-to-write', partial(told, 'CONFIG SET min-replicas-to-write 1')),
    'misconf': ('BGSAVE cannot write its file', unable_to_save),
    'clusterdown': ('a cluster without slots', partial(cluster, 'CLUSTER DELSLOTSRANGE 0 16383')),
    'crossslot': ('a cluster of one node', cluster),
    'moved': ('CLUSTER SETSLOT NODE', partial(cluster, 'CLUSTER SETSLOT {slot} NODE {other}')),
    'ask': ('CLUSTER SETSLOT MIGRATING', partial(cluster, 'CLUSTER SETSLOT {slot} MIGRATING {other}')),
    'noauth': ('requirepass', partial(told, arguments=('--requirepass', USER))),
    'wrongpass': ('requirepass', partial(told, arguments=('--requirepass', 'another'))),
    'noperm': ('ACL SETUSER', partial(told, 'ACL SETUSER default -get')),
    'noscript': ('it has never seen the script', told),
    'max-clients': ('CONFIG SET maxclients', partial(told, 'CONFIG SET maxclients 1')),
}


def really(client: Client, act: Callable[[Any], object], failing: Failing, _: Any) -> object:
    """Do something with a Redis that fails."""
    with failing() as port, client.open(port) as connection:
        return act(connection)


def unblocked(client: Client, server: Any) -> object:
    """Wait in a server that becomes a replica."""
    with told() as port, connected(port) as admin, client.open(port) as connection:
        def turn() -> None:
            eventually(lambda: admin.info('clients')['blocked_clients'], 'a client that waits')
            admin.execute_command(*REPLICA.split())
        thread = threading.Thread(target=turn)
        thread.start()
        try:
            return pop(connection)
        finally:
            thread.join(PATIENCE)


def overtaken(client: Client, server: Any) -> object:
    """Watch a key that another client writes."""
    with connected(server.port) as other, client.open(server.port) as connection:
        return watched(connection, lambda: other.set('key', 'another'))


def refused_before(client: Client, server: Any) -> object:
    """Run a transaction of which something was refused while it was queued."""
    with connected(server.port, 3 if client is RESP3 else 2, single_connection_client=True) as connection:
        connection.execute_command('MULTI')
        with contextlib.suppress(redis.ResponseError):
            connection.execute_command('UNHEARD')
        return connection.execute_command('EXEC')


def version_9(client: Client, server: Any) -> object:
    """Ask for a version of the protocol that there is not."""
    with client.open(server.port) as connection:
        return connection.execute_command('HELLO', 9)


def half_moved(client: Client, _: Any) -> object:
    """Ask a node that takes over a slot for two keys that it has not got yet."""
    with cluster('CLUSTER SETSLOT {slot} NODE {other}', 'CLUSTER SETSLOT {slot} IMPORTING {other}') as port, \
            connected(port, 3 if client is RESP3 else 2, single_connection_client=True) as connection:
        connection.execute_command('ASKING')
        return connection.mget('key', '{key}2')


#: kind -> the same, where more is to be done than to use the client
REALLY: dict[str, tuple[str, Callable[[Client, Any], object]]] = {
    'unblocked': ('REPLICAOF while a client waits', unblocked),
    'watch-conflict': ('another client writes the key', overtaken),
    'execabort': ('an unknown command was queued', refused_before),
    'noproto': ('HELLO 9', version_9),
    'tryagain': ('CLUSTER SETSLOT IMPORTING', half_moved),
}


# -- the rows

E = 'redis.exceptions'


def rows(kind: str, did: str, act: Callable[[Any], object], met: str, clients: tuple[Client, ...] = (RESP2, RESP3),
         **fields: Any) -> list[Row]:
    """Make a row for each client."""
    how, failing = REDIS.get(kind, ('', None))
    if kind in REALLY:
        how = REALLY[kind][0]

    def real(client: Client) -> Callable[[Any], object] | None:
        if kind in REALLY:
            return partial(REALLY[kind][1], client)
        return partial(really, client, act, failing) if failing else None
    return [Row(kind, client, did, act, met, **{'how': how, 'real': real(client), **fields}) for client in clients]


def refused(kind: str, did: str, act: Callable[[Any], object], met: str, verb: str = '', **fields: Any) -> list[Row]:
    """Make the rows of a command that is refused; its code is the kind."""
    return rows(kind, did, act, f'{E}.{met} {kind.upper()}', match=f'^{verb or did}', **fields)


TRANSACTION = 'a transaction'
UNPROVEN: dict[str, Any] = {'how': '', 'real': None}
IN_TRANSACTION: dict[str, Any] = {'did': TRANSACTION, 'act': transaction, 'verb': 'SET'}

ROWS = [
    *refused('loading', 'GET', get, 'BusyLoadingError', afterwards=REOPENED),
    *rows('loading', 'GET', get, 'None', (RETRYING2,), match='^GET', afterwards=REOPENED, **UNPROVEN),
    *refused('busy', 'GET', get, 'ResponseError'),
    *refused('busy', **IN_TRANSACTION, met='ResponseError'),
    *refused('readonly', 'SET', put, 'ReadOnlyError'),
    *refused('readonly', **IN_TRANSACTION, met='ReadOnlyError'),
    *rows('readonly', f'{TRANSACTION}, EXEC fails', transaction, f'{E}.ExecAbortError EXECABORT', match='^EXEC', **UNPROVEN),
    *refused('oom', 'SET', put, 'OutOfMemoryError'),
    *refused('oom', **IN_TRANSACTION, met='OutOfMemoryError'),
    *refused('masterdown', 'GET', get, 'MasterDownError'),
    *refused('noreplicas', 'SET', put, 'ResponseError'),
    *refused('misconf', 'SET', put, 'ResponseError'),
    *refused('clusterdown', 'GET', get, 'ClusterDownError'),
    *refused('tryagain', 'MGET', several, 'TryAgainError'),
    *refused('crossslot', 'MGET', several, 'ClusterCrossSlotError'),
    *refused('moved', 'GET', get, 'MovedError'),
    *refused('ask', 'GET', get, 'AskError'),
    *refused('noauth', 'GET', get, 'AuthenticationError', afterwards=REOPENED),
    *refused('noperm', 'GET', get, 'NoPermissionError'),
    *rows('wrongpass', 'AUTH', get, f'{E}.AuthenticationError WRONGPASS', (LOGGED_IN2,), afterwards=REOPENED),
    *rows('wrongpass', 'HELLO 3 AUTH', get, f'{E}.AuthenticationError WRONGPASS', (LOGGED_IN3,), afterwards=REOPENED),
    *rows('noproto', 'HELLO 3', get, f'{E}.ResponseError NOPROTO', (RESP3,), afterwards=REOPENED),
    *refused('noscript', 'EVALSHA', evaluate, 'NoScriptError'),
    *rows('noscript', 'EVALSHA of a registered script', script, '42', match='^EVALSHA'),
    *refused('unblocked', 'BLPOP', pop, 'ResponseError', clients=(RETRYING2, RETRYING3), afterwards=REOPENED),
    *rows('execabort', TRANSACTION, transaction, f'{E}.ExecAbortError EXECABORT'),
    *rows('watch-conflict', f'{TRANSACTION} with WATCH', watched, f'{E}.WatchError'),
    *rows('max-clients', 'connects', get, f'{E}.ConnectionError ERR', afterwards=REOPENED),
    *rows('max-clients', 'connects', get, 'None', (RETRYING2,), afterwards=REOPENED, **UNPROVEN),
    *rows('protected-mode', 'connects', get, f'{E}.ConnectionError', (RESP2,), afterwards=REOPENED),
    *rows('protected-mode', 'connects', get, f'{E}.ResponseError DENIED', (RESP3,), afterwards=REOPENED),
    *rows('lost-reply', 'SET', put, f'{E}.ConnectionError', match='^SET', afterwards=REOPENED),
    *rows('lost-reply', 'SET', put, 'True', (RETRYING2,), match='^SET', afterwards=REOPENED),
    *rows('lost-reply', TRANSACTION, transaction, f'{E}.ConnectionError', match='^EXEC', afterwards=REOPENED),
    *rows('half-reply', 'GET', get, f'{E}.ConnectionError', match='^GET', afterwards=REOPENED),
]
