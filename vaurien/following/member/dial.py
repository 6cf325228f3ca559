"""Connections to etcd that a greenlet waits for, so that no session has to. Knows nothing of what is said on them."""
import http.client
from typing import Any

from gevent import socket

from ...clusters.etcd.wire import Dial


def connect(connection: http.client.HTTPConnection) -> None:
    """Give a connection a socket of the event loop's.

    Raises:
        OSError: It cannot be connected.
    """
    sock = socket.create_connection((connection.host, connection.port), connection.timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.sock = sock


def context(cafile: str | None) -> Any:
    """Make a context of TLS for such sockets."""
    from gevent import ssl  # there are Pythons without it
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)      # ``create_default_context`` would make one that holds up the event loop
    if cafile is None:
        made.load_default_certs()
    else:
        made.load_verify_locations(cafile)
    return made


IN_LOOP = Dial(connect, context)
