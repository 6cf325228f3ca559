"""The server's side of TLS for the HTTP server: its context, and a handshake that no client draws out. Knows no HTTP.

Proxies have their own in ``net.tls``, where nothing waits; here a greenlet waits for its client.
"""
import ssl
from contextlib import suppress
from socket import MSG_PEEK
from typing import Any

from gevent import Timeout
from gevent.ssl import SSLContext

from ..tls.files import load_certificate
from ..tls.hello import HANDSHAKE

HANDSHAKE_TIMEOUT = 10.0    #: [seconds] that a handshake may take, the wait for its first byte included


class NotTlsError(ValueError):
    """The first byte that a client has sent begins no handshake."""


def make_context(certificate: str, key: str) -> ssl.SSLContext:
    """Make the context of a server.

    Args:
        certificate: The file of its certificate, in PEM, as ``http_cert``.
        key: The file of its key, as ``http_key``; empty: it is in the same file.

    Raises:
        ConfigError: A file cannot be used.
    """
    context: ssl.SSLContext = SSLContext(ssl.PROTOCOL_TLS_SERVER)   # gevent's: its sockets wait in their greenlets
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(['http/1.1'])
    load_certificate(context, 'http_cert', certificate, key)
    return context


def accept(sock: Any, context: ssl.SSLContext) -> Any:
    """Make the handshake with a client.

    Args:
        sock: Its connection, of gevent; it stays the caller's if this raises before TLS has begun.
        context: What ``make_context`` has made.

    Returns:
        The connection to go on with.

    Raises:
        NotTlsError: The client speaks something else; nothing has been read.
        OSError: It is gone, or the handshake has failed; the connection is closed.
        Timeout: It takes too long; likewise.
    """
    with Timeout(HANDSHAKE_TIMEOUT):
        if sock.recv(1, MSG_PEEK)[:1] not in (b'', bytes((HANDSHAKE,))):
            raise NotTlsError('it does not speak TLS')
        secured = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        try:
            secured.do_handshake()
        except BaseException:
            secured.close()
            raise
    return secured


def end(sock: Any) -> None:
    """Send the close_notify, without waiting for the client's; nothing happens where the connection is gone, or in the clear."""
    if hasattr(sock, 'unwrap'):
        with suppress(OSError, ValueError):
            sock.settimeout(0.0)
            sock.unwrap()
