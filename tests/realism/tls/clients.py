"""The clients: each asks a server at a port of this machine for something, and says what came. Knows no fault and no server."""
import asyncio
import errno
import importlib.util
import os
import re
import smtplib
import ssl
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.support.processes import HOST, MissingServer, program
from tests.support.servers import DATABASE, PASSWORD, USER
from tests.support.unit_of_time import MS, PATIENCE

NAME = 'localhost'
SHORT = 300 * MS    #: [s] that a client waits for an answer where none comes
#: what stands in messages and is another one each time
PLACE = re.compile(r' ?\(_ssl\.c:\d+\)|^\[SSL[^]]*] |(ipv[46]:)?(127\.0\.0\.1|%5B::1%5D|\[::1\]|localhost):\d+:? ?|, port=\d+')


class Asked(NamedTuple):
    """Where to ask.

    Args:
        port: Of this machine.
        ca: The file of the authority that is to be trusted.
        seconds: To wait for an answer.
    """

    port: int
    ca: str
    seconds: float

    @property
    def url(self) -> str:
        """The address of a page."""
        return f'https://{NAME}:{self.port}/'

    @property
    def context(self) -> ssl.SSLContext:
        """What a client of Python verifies with."""
        return ssl.create_default_context(cafile=self.ca)


class Client(NamedTuple):
    """A client.

    Args:
        name: As its users know it.
        protocol: What it speaks inside TLS, as vaurien calls it.
        ask: Asks, and returns what came.
        needs: The module, or the program, without which it is not there.
        alpn: What its servers agree on.
        later: It begins TLS in the midst of the connection.
    """

    name: str
    protocol: str
    ask: Callable[[Asked], object]
    needs: str
    alpn: tuple[str, ...] = ()
    later: bool = False

    @property
    def there(self) -> bool:
        """Whether it is installed."""
        if self.needs in PROGRAMS:
            try:
                program(self.needs)
            except MissingServer:
                return False
            return True
        return importlib.util.find_spec(self.needs) is not None

    def outcome(self, asked: Asked) -> str:
        """Return what came: the result, or the class of the exception with the innermost reason for it."""
        try:
            return str(self.ask(asked))
        except Exception as error:  # noqa: BLE001 - which one it is, is the question
            return said(error)


PROGRAMS = ('curl', 'node')


def chain(error: Any) -> Iterator[Any]:
    """Give an exception and all that it comes from, wherever libraries keep that."""
    waiting, seen = [error], []
    while waiting:
        found = waiting.pop(0)
        if not isinstance(found, BaseException) or any(found is other for other in seen):
            continue
        seen.append(found)
        yield found
        waiting += [found.__cause__, found.__context__, getattr(found, 'reason', None), getattr(found, 'os_error', None),
                    getattr(found, 'original_exception', None), *found.args]


def said(error: Any) -> str:
    """Name the class of an exception, and its reason as TLS or the system gives it."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == 'builtins' else f'{kind.__module__}.{kind.__qualname__}'
    return f'{name}: {reason(error)}'.removesuffix(': ')


def reason(error: Any) -> str:
    """Return the reason of an exception."""
    found = [*chain(error)]
    for one in found:
        if isinstance(one, ssl.SSLError) and one.args and isinstance(one.args[-1], str):
            return cleaned(one.args[-1])
    for one in found:
        if isinstance(one, OSError) and one.errno in (errno.ECONNRESET, errno.EPIPE):
            return errno.errorcode[one.errno]
    return cleaned(str(error)) if not isinstance(error, OSError) else ''


def cleaned(text: str) -> str:
    """Take out of a message what is another one each time."""
    return ' '.join(PLACE.sub('', text).split())[:160]


# -- HTTP

def with_urllib(asked: Asked) -> object:
    """Fetch a page."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=asked.context))
    with opener.open(asked.url, timeout=asked.seconds) as response:
        return response.read().decode()


def with_urllib3(asked: Asked) -> object:
    """Fetch a page."""
    import urllib3
    with urllib3.PoolManager(ca_certs=asked.ca, retries=False, timeout=asked.seconds) as pool:
        return pool.request('GET', asked.url).data.decode()


def with_requests(asked: Asked) -> object:
    """Fetch a page."""
    import requests
    with requests.Session() as session:
        session.trust_env = False
        return session.get(asked.url, verify=asked.ca, timeout=asked.seconds).text


def with_httpx(asked: Asked) -> object:
    """Fetch a page."""
    import httpx
    with httpx.Client(verify=asked.context, trust_env=False, timeout=asked.seconds) as session:
        return session.get(asked.url).text


def with_aiohttp(asked: Asked) -> object:
    """Fetch a page."""
    import aiohttp

    async def fetch() -> str:
        limit = aiohttp.ClientTimeout(sock_connect=asked.seconds, sock_read=asked.seconds)
        async with aiohttp.ClientSession(timeout=limit) as session, session.get(asked.url, ssl=asked.context) as response:
            return await response.text()
    return asyncio.run(fetch())


def with_curl(asked: Asked) -> object:
    """Fetch a page."""
    curl = [program('curl'), '-q', '-sS', '--noproxy', '*', '--max-time', str(asked.seconds), '--cacert', asked.ca, '--resolve',
            f'{NAME}:{asked.port}:{HOST}', asked.url]
    done = subprocess.run(curl, capture_output=True, text=True, check=False, timeout=PATIENCE)
    if not done.returncode:
        return done.stdout
    told = re.sub(r'after \d+ mill.*|in connection to \S+ *', '', done.stderr.splitlines()[0].partition(') ')[2])
    return f'exit status {done.returncode}: {cleaned(told)}'


NODE_HTTPS = """
let said = false;
const say = text => said || (said = true, console.log(text));
const request = require('https').get({host: '127.0.0.1', port: +process.argv[1], servername: 'localhost', path: '/', agent: false,
    headers: {host: 'localhost'}, timeout: +process.argv[2], ca: require('fs').readFileSync(process.argv[3])}, response => {
    let text = '';
    response.on('data', data => text += data);
    response.on('end', () => console.log(text));
    response.on('error', error => say('error ' + error.code));
});
request.on('timeout', () => request.destroy(Object.assign(new Error(), {code: 'timeout'})));
request.on('error', error => say('error ' + error.code +
    (error.code === 'EPROTO' ? ' ' + (error.message.match(/SSL routines:[^:]*:([^:]*)/) || [])[1] : '')));
"""
NODE_FETCH = """
fetch('https://localhost:' + process.argv[1] + '/', {signal: AbortSignal.timeout(+process.argv[2])})
    .then(response => response.text()).then(text => console.log(text))
    .catch(error => console.log(error.name + ': ' + error.message + ' ' + (error.cause && error.cause.code || '')));
"""


def in_node(script: str) -> Callable[[Asked], object]:
    """Return what runs a script in Node.js."""
    def ask(asked: Asked) -> object:
        arguments = [program('node'), '-e', script, str(asked.port), str(int(asked.seconds * 1000)), asked.ca]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=PATIENCE,
                              env={'NODE_EXTRA_CA_CERTS': asked.ca, 'PATH': '/usr/bin:/bin'})
        return ' '.join((done.stdout or done.stderr).split())
    return ask


# -- others

def with_redis(asked: Asked) -> object:
    """Get a value."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
    client = redis.Redis(NAME, asked.port, ssl=True, ssl_ca_certs=asked.ca, ssl_check_hostname=True, socket_timeout=asked.seconds,
                         socket_connect_timeout=asked.seconds, retry=Retry(NoBackoff(), 0))
    try:
        return client.get('k')
    finally:
        client.close()


def with_psycopg(asked: Asked, negotiation: str = 'direct') -> object:
    """Select a number."""
    import psycopg
    seconds = 2 if asked.seconds == SHORT else int(PATIENCE)    # no less than 2 are taken
    try:
        with psycopg.connect(host=NAME, hostaddr=HOST, port=asked.port, user=USER, password=PASSWORD, dbname=DATABASE,
                             sslmode='verify-full', sslnegotiation=negotiation, sslrootcert=asked.ca,
                             connect_timeout=seconds) as connection:
            return connection.execute('SELECT 41 + 1').fetchone()[0]    # type: ignore[index]  # one row
    except psycopg.Error as error:
        text = re.sub(r'.*port \d+ failed: ', '', ' '.join(str(error).split()))
        return f'psycopg.{type(error).__qualname__}: {cleaned(text)}'.removeprefix('psycopg.errors.')


def with_smtplib(asked: Asked) -> object:
    """Greet, and ask for nothing."""
    with smtplib.SMTP_SSL(NAME, asked.port, 'client.example.org', timeout=asked.seconds, context=asked.context) as mail:
        code, _ = mail.ehlo()
        if code == -1:      # how it tells that the connection has gone
            return 'EHLO: -1'
        return mail.noop()[0]


def with_smtplib_later(asked: Asked) -> object:
    """Begin TLS, and greet."""
    with smtplib.SMTP(NAME, asked.port, 'client.example.org', timeout=asked.seconds) as mail:
        mail.starttls(context=asked.context)
        return mail.ehlo()[0]


def with_pymysql(asked: Asked) -> object:
    """Log in."""
    import pymysql
    try:
        with pymysql.connect(host=NAME, port=asked.port, user=USER, password=PASSWORD, database=DATABASE,
                             ssl={'ca': asked.ca, 'check_hostname': True}, connect_timeout=10, read_timeout=10) as connection:
            return connection.server_version.partition('-')[2]
    except pymysql.MySQLError as error:
        number, text = error.args
        inner = re.search(r'\((?:\[[^]]*\] )?(.*)\)$', text)     # what it was raised for stands in parentheses
        return f'pymysql.err.{type(error).__qualname__} {number}: {cleaned(inner[1] if inner else text)}'


def with_grpc(asked: Asked) -> object:
    """Call what the server has not got."""
    os.environ.setdefault('GRPC_VERBOSITY', 'NONE')     # it writes to standard error
    import grpc
    with open(asked.ca, 'rb') as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    with grpc.secure_channel(f'{HOST}:{asked.port}', credentials, (('grpc.ssl_target_name_override', NAME),)) as channel:
        try:
            channel.unary_unary('/vaurien/nothing')(b'', timeout=max(asked.seconds, 1))
        except grpc.RpcError as error:
            inner = re.search(r'OPENSSL_internal:([^"\];]*)', error.details() or '')
            return f'{error.code().name} {cleaned(inner[1]) if inner else ""}'.strip()
    return 'nothing'


CLIENTS = (
    Client('urllib', 'http', with_urllib, 'urllib', ('http/1.1',)),
    Client('urllib3', 'http', with_urllib3, 'urllib3', ('http/1.1',)),
    Client('requests', 'http', with_requests, 'requests', ('http/1.1',)),
    Client('httpx', 'http', with_httpx, 'httpx', ('http/1.1',)),
    Client('aiohttp', 'http', with_aiohttp, 'aiohttp', ('http/1.1',)),
    Client('curl', 'http', with_curl, 'curl', ('http/1.1',)),
    Client('Node.js https', 'http', in_node(NODE_HTTPS), 'node', ('http/1.1',)),
    Client('Node.js fetch', 'http', in_node(NODE_FETCH), 'node', ('http/1.1',)),
    Client('redis-py', 'redis', with_redis, 'redis'),
    Client('psycopg', 'postgres', with_psycopg, 'psycopg', ('postgresql',)),
    Client('psycopg, SSLRequest', 'postgres', lambda asked: with_psycopg(asked, 'postgres'), 'psycopg', ('postgresql',),
           later=True),
    Client('PyMySQL', 'mysql', with_pymysql, 'pymysql', later=True),
    Client('smtplib', 'smtp', with_smtplib, 'smtplib'),
    Client('smtplib, STARTTLS', 'smtp', with_smtplib_later, 'smtplib', later=True),
    Client('grpcio', 'tcp', with_grpc, 'grpc', ('h2',)),
)
