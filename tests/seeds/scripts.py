"""What one client says in a session, drawn at random and legal: batches of requests. Knows no proxy and no socket.

A script yields batches, and gets what came in return once all of a batch is answered: where the next request depends on a
response, as the content of a message does, a batch ends. Within a batch a client need not wait.
"""
from collections.abc import Callable, Generator
from random import Random

Batch = list[bytes]
Complete = Callable[[bytes], bool]      #: whether that is all of what the server says first
Script = Generator[Batch | Complete, bytes, None]
Writer = Callable[[Random, int], Script]


class Quiet(bytes):
    """A request that may have no response, so that nobody can wait for one."""


# -- redis

def command(*words: object) -> bytes:
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b'*%d\r\n' % len(parts) + b''.join(b'$%d\r\n%b\r\n' % (len(part), part) for part in parts)


def redis(random: Random, number: int) -> Script:
    def key() -> str:
        return f'{random.choice("abc")}{number}'

    def one() -> bytes:
        return random.choice((
            lambda: command('SET', key(), random.randrange(100)), lambda: command('GET', key()), lambda: command('INCR', key()),
            lambda: command('DEL', key()), lambda: command('MGET', key(), key()), lambda: command('PING'),
            lambda: command('RENAME', key(), key()), lambda: command('EVALSHA', 'f' * 40, 0), lambda: b'PING inline\r\n',
            lambda: command('AUTH', 'nobody', 'x'), lambda: command('SET', key(), b'v' * random.choice((10, 3000)))))()

    def transaction() -> Batch:
        before = random.choice(([], [command('WATCH', key())], [command('WATCH', key()), command('UNWATCH')]))
        within = [one() for _ in range(random.randint(0, 3))] + random.choice(([], [], [command('WATCH', key())]))
        return [*before, command('MULTI'), *within, command(random.choice(('EXEC', 'EXEC', 'EXEC', 'DISCARD')))]

    for _ in range(random.randint(1, 3)):
        batch: Batch = []
        for _ in range(random.randint(1, 8)):
            batch += random.choice((
                lambda: [one()], lambda: [one()], transaction, transaction,
                lambda: [command('HELLO', random.choice((2, 3)))],
                lambda: [Quiet(command('CLIENT', 'REPLY', 'SKIP') + one())],
                lambda: [Quiet(command('CLIENT', 'REPLY', 'OFF') + one()), command('CLIENT', 'REPLY', 'ON')]))()
        yield batch


# -- memcache

def memcache(random: Random, number: int) -> Script:
    write = random.choice((text, meta, binary))
    for _ in range(random.randint(1, 3)):
        yield [request for _ in range(random.randint(1, 8)) for request in write(random, f'{random.choice("abc")}{number}')]


def text(random: Random, key: str) -> Batch:
    data = 'v' * random.choice((1, 10, 3000))
    return [random.choice((
        lambda: f'set {key} 0 0 {len(data)}\r\n{data}\r\n', lambda: f'get {key}\r\n', lambda: f'incr {key} 1\r\n',
        lambda: f'delete {key}\r\n', lambda: f'get {key} {key}x\r\n', lambda: f'touch {key} 100\r\n',
        lambda: f'set {key} 0 0 1 noreply\r\n7\r\nmn\r\n'))().encode()]


def meta(random: Random, key: str) -> Batch:
    def one(flags: str) -> bytes:
        return random.choice((f'mg {key} v{flags}\r\n', f'ms {key} 2{flags}\r\n42\r\n', f'md {key}{flags}\r\n',
                              f'ma {key}{flags}\r\n')).encode()
    if random.random() < 0.5:
        return [one('')]
    return [*(Quiet(one(f' q O{at}')) for at in range(random.randint(1, 3))), b'mn\r\n']


def binary(random: Random, key: str) -> Batch:
    def packet(opcode: int, name: str = '', extras: bytes = b'', value: bytes = b'') -> bytes:
        body = extras + name.encode() + value
        return bytes((0x80, opcode)) + len(name).to_bytes(2, 'big') + bytes((len(extras), 0, 0, 0)) \
            + len(body).to_bytes(4, 'big') + random.randbytes(4) + bytes(8) + body

    def one(quiet: bool) -> bytes:
        return random.choice((lambda: packet(0x09 if quiet else 0x00, key), lambda: packet(0x14 if quiet else 0x04, key),
                              lambda: packet(0x11 if quiet else 0x01, key, bytes(8), b'42')))()
    if random.random() < 0.5:
        return [one(False)]
    return [*(Quiet(one(True)) for _ in range(random.randint(1, 3))), packet(0x0A)]


# -- http

def http(random: Random, number: int) -> Script:
    def one() -> bytes:
        method, target = random.choice((('GET', '/'), ('HEAD', '/'), ('GET', '/chunked/index.html'), ('GET', f'/{number}'),
                                        ('POST', '/accept'), ('GET', '/empty')))
        body = b''
        if method == 'POST':
            data = b'd' * random.choice((0, 10, 5000))
            chunks = (b'%x\r\n%b\r\n' % (len(data), data) if data else b'') + b'0\r\n\r\n'
            body = random.choice((b'Content-Length: %d\r\n\r\n%b' % (len(data), data),
                                  b'Transfer-Encoding: chunked\r\n\r\n' + chunks))
        headers = f'{method} {target} HTTP/1.1\r\nHost: same\r\nX-Long: {"x" * random.choice((1, 500))}\r\n'
        return headers.encode() + (body or b'\r\n')
    for _ in range(random.randint(1, 3)):
        yield [one() for _ in range(random.randint(1, 8))]


# -- smtp

def smtp(random: Random, number: int) -> Script:
    yield lambda said: said.endswith(b'\r\n')
    yield [random.choice((b'EHLO client\r\n', b'HELO client\r\n'))]
    if random.random() < 0.3 and (yield [b'AUTH PLAIN\r\n']).startswith(b'334'):
        yield [b'AHZhdXJpZW4Ac2VjcmV0\r\n']
    for _ in range(random.randint(1, 3)):
        size = random.choice((b'', b' SIZE=100'))
        batch = [b'MAIL FROM:<a%d@example.org>%b\r\n' % (number, size)]
        batch += [b'RCPT TO:<%d@example.org>\r\n' % at for at in range(random.randint(1, 4))]
        batch += random.choice(([], [], [b'RSET\r\n'], [b'NOOP\r\n'], [b'VRFY a@example.org\r\n']))
        said = yield [*batch, b'DATA\r\n']
        if said.splitlines()[-1:] and said.splitlines()[-1].startswith(b'354'):
            content = b'Subject: x\r\n\r\nHello\r\n..\r\n' * random.choice((1, 100))
            yield [content + b'.\r\n', *random.choice(([], [b'NOOP\r\n'] * 3))]


# -- postgres

def message(code: str, *body: bytes) -> bytes:
    data = b''.join(body)
    return code.encode() + (len(data) + 4).to_bytes(4, 'big') + data


def startup() -> bytes:
    login = b'\0\3\0\0user\0vaurien\0database\0vaurien\0\0'
    return (len(login) + 4).to_bytes(4, 'big') + login


def query(text: bytes) -> bytes:
    return message('Q', text, b'\0')


def postgres(random: Random, number: int) -> Script:
    def words() -> bytes:
        return random.choice((b'SELECT 1', b'SELECT generate_series(1, 200)', b'INSERT INTO t VALUES (%d)' % number,
                              b'UPDATE t SET v = v WHERE false', b'SELEKT', b'SET application_name = x'))

    def simple() -> Batch:
        return [query(random.choice((words, lambda: b'BEGIN; ' + words()))())]

    def transaction() -> Batch:
        return [query(b'BEGIN'), *(query(words()) for _ in range(random.randint(0, 3))),
                query(random.choice((b'COMMIT', b'COMMIT', b'ROLLBACK')))]

    def group() -> Batch:
        requests: Batch = []
        for _ in range(random.randint(1, 4)):
            text = random.choice((words, words, lambda: random.choice((b'BEGIN', b'COMMIT', b'ROLLBACK'))))()
            requests += [Quiet(message('P', b'\0', text, b'\0\0\0')), Quiet(message('B', bytes(8))),
                         *random.choice(([], [Quiet(message('D', b'P\0'))])), Quiet(message('E', bytes(5))),
                         *random.choice(([], [], [Quiet(message('H'))]))]
        return [*requests, message('S')]

    yield [startup()]
    for _ in range(random.randint(1, 3)):
        yield [request for _ in range(random.randint(1, 4)) for request in random.choice((simple, transaction, group, group))()]
        if random.random() < 0.2:   # nothing answers the statement before its data have come
            yield [Quiet(query(b'COPY t FROM STDIN')), Quiet(message('d', b'7\n')), message('c')]


# -- mysql

CAPABILITIES = 0x0FA285 | 8     #: protocol 4.1, transactions, multiple statements and results, plugins, a database


def packet(number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, 'little') + bytes((number,)) + payload


def login() -> bytes:
    """Log in without a password."""
    return packet(1, CAPABILITIES.to_bytes(4, 'little') + b'\0\0\0\1\x21' + bytes(23) + b'vaurien\0\0vaurien\0'
                  b'mysql_native_password\0')


def mysql(random: Random, number: int) -> Script:
    def words() -> bytes:
        return random.choice((b'SELECT 1', b'SELECT seq FROM seq_1_to_200', b'INSERT INTO t VALUES (%d)' % number, b'BEGIN',
                              b'UPDATE t SET v = v WHERE false', b'SELEKT', b'COMMIT', b'ROLLBACK', b'SELECT 1; SELECT 2'))

    def one() -> Batch:
        return [random.choice((lambda: packet(0, b'\3' + words()), lambda: packet(0, b'\3' + words()), lambda: packet(0, b'\x0e'),
                               lambda: packet(0, b'\2vaurien')))()]

    def prepared() -> Batch:
        text = random.choice((b'SELECT ?', b'INSERT INTO t VALUES (?)'))
        run = b'\x17\xff\xff\xff\xff\0\1\0\0\0\0\1\3\0' + bytes(4)    # the last one prepared (MariaDB), with an integer
        return [packet(0, b'\x16' + text), *(packet(0, run) for _ in range(random.randint(1, 3))),
                *random.choice(([], [packet(0, b'\x1f')]))]

    yield lambda said: len(said) > 4 and len(said) >= 4 + int.from_bytes(said[:3], 'little')
    if (yield [login()])[4:5] != b'\0':
        return
    for _ in range(random.randint(1, 3)):
        yield [request for _ in range(random.randint(1, 6)) for request in random.choice((one, one, prepared))()]


#: what is said to a server once to make the table ``t``, and what its answer ends with
TABLES = {
    'postgres': (startup() + query(b'CREATE TABLE t (v INT)'), b'CREATE TABLE'),
    'mysql': (login() + packet(0, b'\3CREATE TABLE t (v INT)') + packet(0, b'\3SELECT 424242'), b'\x06424242'),
}

SCRIPTS: dict[str, Writer] = {'redis': redis, 'memcache': memcache, 'http': http, 'smtp': smtp, 'postgres': postgres,
                              'mysql': mysql}
