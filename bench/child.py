"""Backends and clients that are nothing but load.

``python -m bench.child source|echo`` is a backend and prints the port it listens on; ``echo CERTIFICATE KEY`` speaks TLS.
``python -m bench.child ask PORT QUESTION END CONNECTIONS COUNT``, both texts in hexadecimal digits, is a client and prints how
many seconds it took.

They run in processes of their own, so that what they cost is not in anybody's figures. Linux only.
"""
import contextlib
import os
import selectors
import socket
import ssl
import struct
import sys
import threading
import time

from tests.support.peers import READ, listener, read_exactly

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


def echoes(listening: socket.socket, *files: str) -> None:
    """Echo for thousands of clients that say little."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if files:
        context.load_cert_chain(*files)
    selector = selectors.DefaultSelector()
    selector.register(listening, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                sock, _ = listening.accept()
                try:
                    sock = context.wrap_socket(sock, server_side=True) if files else sock
                except OSError:
                    continue    # some only look whether we are there
                selector.register(sock, selectors.EVENT_READ, data=sock)
            else:
                _answer(selector, key.data)


def _answer(selector: selectors.BaseSelector, sock: socket.socket) -> None:
    try:
        data = sock.recv(READ)
    except ConnectionError:
        data = b''
    if data:
        sock.sendall(data)
    else:
        selector.unregister(sock)
        sock.close()


def ask(port: int, question: bytes, end: bytes, connections: int, count: int) -> float:
    """Ask ``count`` times over some connections, each again after its answer, and return how long that took [s]."""
    selector, left, open_ = selectors.DefaultSelector(), count - connections, connections
    for _ in range(connections):
        sock = socket.create_connection(('127.0.0.1', port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(sock, selectors.EVENT_READ)
    started = time.perf_counter()
    for key in selector.get_map().values():
        key.fileobj.send(question)
    while open_:
        for key, _ in selector.select():
            if not (data := key.fileobj.recv(READ)):
                raise EOFError('the server has hung up')
            if data.endswith(end):
                if left > 0:
                    left -= 1
                    key.fileobj.send(question)
                else:
                    open_ -= 1
    return time.perf_counter() - started


def backend(kind: str, *files: str) -> None:
    """Listen, say where, and serve."""
    with listener('127.0.0.1', backlog=4096) as at:
        sys.stdout.write(f'{at.getsockname()[1]}\n')
        sys.stdout.flush()
        {'source': source, 'echo': echoes}[kind](at, *files)


if __name__ == '__main__':
    what, *rest = sys.argv[1:]
    if what == 'ask':
        at, question, end, connections, count = rest
        sys.stdout.write(f'{ask(int(at), bytes.fromhex(question), bytes.fromhex(end), int(connections), int(count))}\n')
    else:
        backend(what, *rest)
