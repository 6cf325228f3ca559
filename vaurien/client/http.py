"""One request to a control server, and its response. Knows HTTP and JSON, and no path and no word of the API."""
import contextlib
import errno
import http.client
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from ..address import join as join_address
from ..errors import ConfigError, VaurienError
from .quiet import block, is_refusal

JSON, EVENTS = 'application/json', 'text/event-stream'
#: [bytes] shown of a response that is not one of vaurien
EXCERPT_BYTES = 200
#: [bytes] of one line of an event; a fault has some 300
MAX_LINE_BYTES = 1 << 20
#: [seconds] without a sign of life between two events; the server gives one every 10
EVENT_TIMEOUT = 35.0
__tracebackhide__ = is_refusal


class UnreachableError(VaurienError):
    """No control server has answered.

    Args:
        address: Where it was looked for.
        reason: What happened instead.
        scheme: What it was asked as: ``http`` or ``https``.
    """

    def __init__(self, address: str, reason: object, scheme: str = 'http') -> None:
        super().__init__(address, reason)
        self.address, self.reason, self.scheme = address, reason, scheme

    def __str__(self) -> str:
        return f'no vaurien answers at {self.scheme}://{self.address}: {self.reason}'


class RefusedError(VaurienError, ValueError):
    """The control server has refused a request, and nothing has changed.

    Args:
        status: The status of its response.
        reason: Its words.
        errors: What is wrong, and where: mappings with ``location``, ``name`` and ``description``; empty: it does not say.
    """

    def __init__(self, status: int, reason: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(status, reason, errors)
        self.status, self.reason, self.errors = status, reason, errors

    def __str__(self) -> str:
        return self.reason


class Channel:
    """The way to a control server. Each question has a connection of its own, so any number of threads may ask.

    Args:
        host: A name or an address.
        port: Its port.
        token: What goes with every question as ``Authorization: Bearer``; empty: nothing.
        timeout: Seconds to wait for the connection and for each piece of the response; None: no limit.
        tls: Whether it speaks TLS.
        cacert: Of a server that does: the file of the authorities that are trusted; None: that of ``VAURIEN_CACERT``, else those
            of the system.

    Raises:
        ConfigError: The token cannot stand in a header field, or the file cannot be used.
    """

    def __init__(self, host: str, port: int, token: str, timeout: float | None, tls: bool = False,
                 cacert: str | None = None) -> None:
        if not (token.isascii() and token.isprintable()):
            raise ConfigError('token', '...', 'printable ASCII, as header fields are')
        self.host, self.port, self.token, self.timeout = host, port, token, timeout
        self.scheme, self._context = 'http', None
        if tls:
            from .trust import trusting  # there are Pythons without ssl
            self.scheme, self._context = 'https', trusting(cacert)

    @property
    def address(self) -> str:
        """Host and port, as in a URL."""
        return join_address(self.host, self.port)

    @property
    def url(self) -> str:
        """Where it is, with its scheme."""
        return f'{self.scheme}://{self.address}'

    def ask(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None, part: str = '') -> Any:
        """Ask the server.

        Args:
            method: The HTTP method.
            path: The path, quoted.
            body: What goes with it as JSON; None: nothing.
            query: What is put after the path.
            part: The key of the response that is wanted; empty: all of it.

        Returns:
            The response's JSON; None: it is empty.

        Raises:
            UnreachableError: There is no response.
            RefusedError: The server does not accept the question.
            VaurienError: The server has failed, or it is no vaurien.
        """
        with self._response(method, path, body, query, JSON) as response:
            data = response.read()
        found = self._decoded(data)
        if not part:
            return found
        if not isinstance(found, dict) or part not in found:
            raise self._foreign(data)
        return found[part]

    def listen(self, path: str, query: Mapping[str, Any] | None = None, body: Any = None) -> Iterator[tuple[str, Any]]:
        """Give each event that the server sends, its name and its JSON, until the server ends.

        Args:
            path: The path, quoted.
            query: What is put after the path.
            body: What is sent as JSON, with ``POST``; None: nothing, with ``GET``.

        Raises:
            UnreachableError: There is no response, or nothing has come for ``EVENT_TIMEOUT`` seconds.
            RefusedError, VaurienError: As ``ask``.
        """
        with self._response('GET' if body is None else 'POST', path, body, query, EVENTS) as response:
            for event, data in read_events(iter(lambda: response.readline(MAX_LINE_BYTES), b'')):
                yield event, self._decoded(data)

    @block
    def _response(self, method: str, path: str, body: Any, query: Mapping[str, Any] | None,
                accept: str) -> Iterator[http.client.HTTPResponse]:
        """Give a response that is no refusal, with its body still to be read."""
        content = None if body is None else json.dumps(body).encode()
        headers = {'Accept': accept, **({'Content-Type': JSON} if content else {}),
                   **({'Authorization': f'Bearer {self.token}'} if self.token else {})}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        with contextlib.closing(connection), self._named():
            connection.connect()
            stream = connection.sock
            if stream.getsockname() == stream.getpeername():    # where nothing listens TCP may connect a socket to itself
                raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
            if self._context is not None:
                connection.default_port = http.client.HTTPS_PORT    # it decides what Host says
                connection.sock = stream = self._context.wrap_socket(stream, server_hostname=self.host)
            connection.request(method, path + ('?' + urlencode(query) if query else ''), content, headers)
            with connection.getresponse() as response:
                if response.status >= 400:
                    raise self._refused(response, response.read())
                if accept == EVENTS:
                    stream.settimeout(EVENT_TIMEOUT)
                yield response

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Turn what may happen to a connection into one clear error."""
        try:
            yield
        except (OSError, http.client.HTTPException, UnicodeError) as error:     # the last: a name that cannot be looked up
            reason = getattr(error, 'strerror', None) or str(error) or type(error).__name__
            if self._context is not None:
                from .trust import reason_of
                reason = reason_of(error) or reason
            raise UnreachableError(self.address, reason, self.scheme) from None

    def _decoded(self, data: bytes) -> Any:
        try:
            return json.loads(data) if data else None
        except ValueError:
            raise self._foreign(data) from None

    def _foreign(self, data: bytes) -> VaurienError:
        return VaurienError(f'what answers at {self.url} is no vaurien: {excerpt(data)}')

    def _refused(self, response: http.client.HTTPResponse, data: bytes) -> VaurienError:
        """Make the error of a response."""
        if response.status >= 500 and response.status != 503:    # that is a refusal: it has no room, or is stopping
            return VaurienError(f'the vaurien at {self.url} has failed: {response.status} {excerpt(data)}')
        errors = read_errors(data)
        reasons = [str(error.get('description', '')) for error in errors] or [excerpt(data) or response.reason]
        return RefusedError(response.status, '; '.join(reasons), errors)


def read_errors(data: bytes) -> list[dict[str, Any]]:
    """Return what a refusal says is wrong, in the classic words or in those of ``/v1``; empty: it does not say."""
    try:
        said = json.loads(data)
    except ValueError:
        return []
    if not isinstance(said, dict):
        return []
    if 'error' in said:
        return [{'location': said.get('location', ''), 'name': said.get('name', ''), 'description': said['error']}]
    errors = said.get('errors')
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def excerpt(data: bytes) -> str:
    """Return the beginning of a response, in one line."""
    return ' '.join(data[:EXCERPT_BYTES].decode(errors='replace').split())


def read_events(lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Give name and data of server-sent events: fields, a line each, ended by an empty line (HTML Living Standard, 9.2.6).

    Comments, which keep the connection alive, have no name and are passed over, as what has no data is.
    """
    event, parts = 'message', []
    for line in lines:
        name, _, value = line.rstrip(b'\r\n').partition(b':')
        value = value.removeprefix(b' ')
        if name == b'data':
            parts.append(value)
        elif name == b'event':
            event = value.decode(errors='replace')
        elif not line.strip():
            if parts:
                yield event, b'\n'.join(parts)
            event, parts = 'message', []


def join(*parts: object) -> str:
    """Make a path of ``/v1`` of its parts, quoted."""
    return '/'.join(['/v1', *(quote(str(part), safe='') for part in parts)])
