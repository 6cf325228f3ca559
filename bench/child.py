"""Backends and clients that are nothing but load.

``python -m bench.child source|echo|pong|smtp|websocket`` is a backend and prints the port it listens on;
``echo CERTIFICATE KEY`` speaks TLS.
``python -m bench.child ask PORT QUESTION END CONNECTIONS COUNT DEPTH [LOGIN]``, both texts in hexadecimal digits, is a client and
prints how many seconds it took.

They run in processes of their own, so that what they cost is not in anybody's figures. Linux only.
"""
import base64
import contextlib
import hashlib
import os
import select
import selectors
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable

from tests.support.peers import READ, listener, read_exactly
from tests.support.servers import DATABASE, PASSWORD, USER

#: of WebSocket, RFC 6455: what a client asks with, what is added to its key, how a server agrees, and its short frame
HANDSHAKE = (b'GET / HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
             b'Sec-WebSocket-Key: ' + base64.b64encode(b'sixteen letters.') + b'\r\n\r\n')
MAGIC = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
SWITCHING = b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n'
FRAME = b'\x81\x05hello'

BLOCK = 64 * 1024 * 1024    #: [bytes] in memory that are sent over and over; no disk is read


def source(listening: socket.socket) -> None:
    """Send each client as many bytes as it asks for in eight, and end."""
    block = os.memfd_create('block')
    os.ftruncate(block, BLOCK)
    while True:
        sock, _ = listening.accept()
        threading.Thread(target=_send, args=(sock, block), daemon=True).start()


def _send(sock: socket.socket, block: int) -> None:
    with sock, contextlib.suppress(EOFError, ConnectionError):      # some only look whether we are there
        left, = struct.unpack('!Q', read_exactly(sock, 8))
        while left:
            start = 0
            while left and start < BLOCK:
                sent = os.sendfile(sock.fileno(), block, start, min(left, BLOCK - start))
                start, left = start + sent, left - sent


def speaking(listening: socket.socket, *files: str, answer: Callable[[bytearray], bytes], greeting: bytes = b'') -> None:
    """Greet thousands of clients that say little, and answer them.

    Args:
        listening: Where they come.
        files: A certificate and its key: inside TLS; none: in the clear.
        answer: Takes whole requests off the front of what a client has said, and returns what is answered to them.
        greeting: What each is sent first; empty: nothing.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if files:
        context.load_cert_chain(*files)
    selector = selectors.DefaultSelector()
    selector.register(listening, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                sock, _ = listening.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    sock = context.wrap_socket(sock, server_side=True) if files else sock
                    sock.sendall(greeting)
                except OSError:
                    continue    # some only look whether we are there
                selector.register(sock, selectors.EVENT_READ, data=(sock, bytearray()))
            else:
                _answer(selector, *key.data, answer)


def _answer(selector: selectors.BaseSelector, sock: socket.socket, said: bytearray, answer: Callable[[bytearray], bytes]) -> None:
    try:
        data = sock.recv(READ)
        said += data
        sock.sendall(answer(said))
    except ConnectionError:
        data = b''
    if not data:
        selector.unregister(sock)
        sock.close()


def echo(said: bytearray) -> bytes:
    """Answer with what was said."""
    result = bytes(said)
    said.clear()
    return result


def pong(said: bytearray) -> bytes:
    """Answer each line with ``+PONG``, as Redis answers ``PING``."""
    lines = said.count(b'\n')
    del said[:said.rfind(b'\n') + 1]
    return b'+PONG\r\n' * lines


def smtp(said: bytearray) -> bytes:
    """Answer each line with the same words; EHLO's answer offers nothing."""
    lines = said.count(b'\n')
    del said[:said.rfind(b'\n') + 1]
    return b'250 fine\r\n' * lines


def websocket(said: bytearray) -> bytes:
    """Agree to WebSocket (RFC 6455), and answer each short frame with one of five letters."""
    result = b''
    if said.startswith(b'GET '):
        end = said.find(b'\r\n\r\n') + 4
        if end < 4:
            return b''
        key = next((line.split(b':', 1)[1].strip() for line in said[:end].split(b'\r\n')
                    if line.lower().startswith(b'sec-websocket-key:')), b'')
        del said[:end]
        result = SWITCHING % base64.b64encode(hashlib.sha1(key + MAGIC).digest())     # noqa: S324
    while len(said) >= 6 and len(said) >= (size := 6 + (said[1] & 0x7f)):
        del said[:size]
        result += FRAME
    return result


def ask(port: int, question: bytes, end: bytes, connections: int, count: int, depth: int = 1, login: str = '') -> float:
    """Ask ``count`` times over some connections and return how long that took [s].

    Args:
        port: Of the server, or of what is in front of it.
        question: What is sent.
        end: What an answer ends with; all answers are as long as the first one.
        connections: How many ask at the same time, each again after its answers.
        count: How often is asked in all.
        depth: How many questions each sends at once.
        login: A name of ``LOGINS``: how a connection begins; empty: with a question.
    """
    socks = [LOGINS[login](port) for _ in range(connections)]
    size = _answer_size(socks[0], question, end) * depth
    missing, questions, left = {sock.fileno(): size for sock in socks}, question * depth, count - connections * depth
    poll, found = select.epoll(), {sock.fileno(): sock for sock in socks}
    for fd in found:
        poll.register(fd, select.EPOLLIN)
    started = time.perf_counter()
    for sock in socks:
        sock.sendall(questions)
    while found:
        for fd, _ in poll.poll():
            sock = found[fd]
            if not (data := sock.recv(READ)):
                raise EOFError('the server has hung up')
            missing[fd] -= len(data)
            if missing[fd] > 0:
                continue
            if missing[fd] < 0 or not data.endswith(end):
                raise RuntimeError(f'an answer of another kind: {data[-100:]!r}')
            missing[fd] = size
            if left > 0:
                left -= depth
                sock.sendall(questions)
            else:
                del found[fd]
    return time.perf_counter() - started


def _answer_size(sock: socket.socket, question: bytes, end: bytes) -> int:
    """Ask once, and return how long the answer is [bytes]."""
    sock.sendall(question)
    answer = b''
    while not answer.endswith(end):
        if not (data := sock.recv(READ)):
            raise EOFError('the server has hung up')
        answer += data
    return len(answer)


def connected(port: int) -> socket.socket:
    """Connect to a server."""
    sock = socket.create_connection(('127.0.0.1', port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def logged_in_to_mysql(port: int) -> socket.socket:
    """Log in to MariaDB by mysql_native_password ("Protocol::HandshakeResponse41")."""
    sock = connected(port)
    greeting = read_exactly(sock, int.from_bytes(read_exactly(sock, 4)[:3], 'little'))
    at = greeting.index(b'\0') + 1 + 4
    scramble = greeting[at:at + 8] + greeting[at + 27:at + 39]
    once = hashlib.sha1(PASSWORD.encode()).digest()     # noqa: S324
    mask = hashlib.sha1(scramble + hashlib.sha1(once).digest()).digest()    # noqa: S324
    proof = bytes(a ^ b for a, b in zip(once, mask, strict=True))
    payload = struct.pack('<IIB23x', 0x0008_8201, 1 << 24, 45) + USER.encode() + b'\0' + bytes((len(proof),)) + proof \
        + b'mysql_native_password\0'
    sock.sendall(len(payload).to_bytes(3, 'little') + b'\1' + payload)
    answer = read_exactly(sock, int.from_bytes(read_exactly(sock, 4)[:3], 'little'))
    if answer[:1] != b'\0':
        raise RuntimeError(f'the login has failed: {answer!r}')
    return sock


def logged_in_to_postgres(port: int) -> socket.socket:
    """Start a session of PostgreSQL with a server that asks for no password."""
    sock = connected(port)
    settings = b'user\0%b\0database\0%b\0\0' % (USER.encode(), DATABASE.encode())
    sock.sendall(struct.pack('>II', 8 + len(settings), 3 << 16) + settings)
    code = b''
    while code != b'Z':
        code, length = struct.unpack('>cI', read_exactly(sock, 5))
        body = read_exactly(sock, length - 4)
        if code == b'E' or code == b'R' and any(body):
            raise RuntimeError(f'the session does not start: {body!r}')
    return sock


def greeted_by_smtp(port: int) -> socket.socket:
    """Begin a session of SMTP."""
    sock = connected(port)
    for expected in b'220', b'250':
        answer = sock.recv(READ)
        if not (answer.startswith(expected) and answer.endswith(b'\r\n')):
            raise RuntimeError(f'the session does not start: {answer!r}')
        if expected == b'220':
            sock.sendall(b'EHLO bench\r\n')
    return sock


def upgraded_to_websocket(port: int) -> socket.socket:
    """Ask for WebSocket."""
    sock = connected(port)
    sock.sendall(HANDSHAKE)
    answer = b''
    while not answer.endswith(b'\r\n\r\n'):
        if not (data := sock.recv(READ)):
            raise EOFError('the server has hung up')
        answer += data
    if not answer.startswith(b'HTTP/1.1 101 '):
        raise RuntimeError(f'no WebSocket: {answer!r}')
    return sock


#: how a connection begins, by the protocol that has something to say before the first question
LOGINS = {'': connected, 'mysql': logged_in_to_mysql, 'postgres': logged_in_to_postgres, 'smtp': greeted_by_smtp,
          'websocket': upgraded_to_websocket}


#: backends that answer: what they send first, and what they answer
SPEAKING = {'echo': (b'', echo), 'pong': (b'', pong), 'smtp': (b'220 bench\r\n', smtp), 'websocket': (b'', websocket)}


def backend(kind: str, *files: str) -> None:
    """Listen, say where, and serve."""
    with listener('127.0.0.1', backlog=4096) as at:
        sys.stdout.write(f'{at.getsockname()[1]}\n')
        sys.stdout.flush()
        if kind == 'source':
            source(at)
        else:
            greeting, answer = SPEAKING[kind]
            speaking(at, *files, answer=answer, greeting=greeting)


if __name__ == '__main__':
    what, *rest = sys.argv[1:]
    if what == 'ask':
        at, question, end, connections, count, depth, *login = rest
        seconds = ask(int(at), bytes.fromhex(question), bytes.fromhex(end), int(connections), int(count), int(depth), *login)
        sys.stdout.write(f'{seconds}\n')
    else:
        backend(what, *rest)
