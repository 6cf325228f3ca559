"""Backends that are nothing but load: ``python -m bench.child source|echo`` prints the port it listens on.

They run in processes of their own, so that what they cost is not in anybody's figures. Linux only.
"""
import contextlib
import os
import selectors
import socket
import struct
import sys
import threading

from tests.peers import READ, listener, read_exactly

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


def echoes(listening: socket.socket) -> None:
    """Echo for thousands of clients that say little."""
    selector = selectors.DefaultSelector()
    selector.register(listening, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                sock, _ = listening.accept()
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


if __name__ == '__main__':
    with listener('127.0.0.1', backlog=4096) as at:
        sys.stdout.write(f'{at.getsockname()[1]}\n')
        sys.stdout.flush()
        {'source': source, 'echo': echoes}[sys.argv[1]](at)
