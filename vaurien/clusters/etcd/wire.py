"""One request to one endpoint of etcd, and its response: JSON over HTTP, bounded. Knows no call and no key.

Sockets come from outside, so that the same code waits in a thread of a program and in a greenlet of a member.
"""
import errno
import http.client
import json
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from ...address import Address
from ...errors import ConfigError, of_tls
from ..where import CACERT_VARIABLE, CERT_VARIABLE, Where

#: [bytes] of a response; etcd takes 1.5 MB in one request by default, and a range may have many keys
MAX_RESPONSE_BYTES = 64 << 20
#: [bytes] of a line of a stream, in base64
MAX_LINE_BYTES = 16 << 20
EXCERPT = 100   #: [characters] shown of what is no response of etcd


class Dial(NamedTuple):
    """How connections are made.

    Args:
        connect: Gives a connection its socket, within its timeout.
        context: Makes a context of TLS, given the file of the authorities or None.
    """

    connect: Callable[[http.client.HTTPConnection], None]
    context: Callable[[str | None], Any]


def plain_context(cafile: str | None) -> Any:
    """Make a context of TLS for sockets of the standard library."""
    import ssl  # there are Pythons without it
    return ssl.create_default_context(cafile=cafile)


#: for programs without an event loop
PLAIN = Dial(lambda connection: connection.connect(), plain_context)


def tls_context(where: Where, dial: Dial) -> Any:
    """Make the context that a cluster's etcd is spoken with; None: without TLS.

    Raises:
        ConfigError: A file cannot be used.
    """
    if not where.tls:
        return None
    try:
        context = dial.context(where.cacert or None)
    except (OSError, ValueError) as error:
        raise ConfigError(CACERT_VARIABLE, where.cacert, f'a file with authorities in PEM; {of_tls(error)}') from None
    if where.cert:
        try:
            context.load_cert_chain(where.cert, where.key or None)
        except (OSError, ValueError) as error:
            raise ConfigError(CERT_VARIABLE, where.cert, f'a certificate and its key in PEM; {of_tls(error)}') from None
    return context


class Wire:
    """A connection to one endpoint; one call after the other.

    Args:
        address: The endpoint.
        dial: Makes its socket.
        context: Speaks TLS; None: nothing does.
        timeout: Seconds for the connection, and for each piece of a response.

    Raises:
        OSError: It cannot be connected to.
    """

    def __init__(self, address: Address, dial: Dial, context: Any, timeout: float) -> None:
        self._connection = connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout)
        dial.connect(connection)
        sock = connection.sock
        if sock.getsockname() == sock.getpeername():    # where nothing listens TCP may connect a socket to itself
            connection.close()
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        if context is not None:
            try:
                connection.sock = context.wrap_socket(sock, server_hostname=address.host)
            except BaseException:
                connection.close()
                raise
        self._response: http.client.HTTPResponse | None = None

    def send(self, path: str, body: Any, token: str) -> None:
        """Send a call.

        Raises:
            OSError, http.client.HTTPException: It could not be sent.
        """
        headers = {'Content-Type': 'application/json', **({'Authorization': token} if token else {})}
        self._connection.request('POST', path, json.dumps(body).encode(), headers)

    def answer(self) -> tuple[int, Any]:
        """Return the status and the JSON of a whole response.

        Raises:
            OSError, http.client.HTTPException: There is none.
            ValueError: It is too long, or no JSON.
        """
        with self._connection.getresponse() as response:
            data = response.read(MAX_RESPONSE_BYTES + 1)
            if len(data) > MAX_RESPONSE_BYTES:
                raise ValueError(f'a response of more than {MAX_RESPONSE_BYTES} bytes')
            return response.status, decoded(data)

    def begin(self, silence: float) -> int:
        """Wait for the headers of a stream, and return its status.

        Args:
            silence: Seconds that it may be silent from then on.
        """
        self._response = self._connection.getresponse()
        self._connection.sock.settimeout(silence) if self._connection.sock else None
        return self._response.status

    def line(self) -> Any:
        """Return the JSON of the next line of a stream; None: it has ended.

        Raises:
            OSError, http.client.HTTPException: The connection is lost, or was silent for too long.
            ValueError: The line is too long, or no JSON.
        """
        assert self._response is not None
        data = self._response.readline(MAX_LINE_BYTES + 1)
        if len(data) > MAX_LINE_BYTES:
            raise ValueError(f'a line of more than {MAX_LINE_BYTES} bytes')
        return decoded(data) if data else None

    def close(self) -> None:
        """Close it."""
        if self._response is not None:
            self._response.close()
        self._connection.close()


def decoded(data: bytes) -> Any:
    """Read a response.

    Raises:
        ValueError: It is no JSON object.
    """
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        shown = ' '.join(data[:EXCERPT].decode(errors='replace').split())
        raise ValueError(f'what answers is no etcd with a JSON gateway: {shown}')
    return found
