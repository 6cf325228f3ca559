"""What a surface of the control server is made of: routes, and its own way to say what went wrong.

Knows requests, and neither the fleet nor any surface. A handler is called with the request and what its path captured; it
returns a ``Reply``, or raises: ``Refusal`` where the request is at fault, or whatever the fleet raised.
"""
import errno
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import falcon
import msgspec
from gevent import Timeout

from ..errors import ConfigError, RegistrationError, UnknownPluginError, VaurienError, shown
from ..net.httpd.server import NoRoomError
from ..proxies.refusals import AlreadyPlayedError, ElsewhereError, HaltedError, NameTakenError, StoppingError, UnknownProxyError

JSON = 'application/json'
#: [bytes] of a request's body; the largest that makes sense, a proxy with hundreds of behaviors, is a tenth of it
MAX_BODY_BYTES = 2 ** 20
#: [seconds] that a body may take to arrive, all of it
BODY_TIMEOUT = 10.0
#: errors of sockets that say that something else is there already
ADDRESS_TAKEN = (errno.EADDRINUSE, errno.EEXIST)
#: errors of sockets that are not the request's fault
OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Reply(NamedTuple):
    """What a request is answered with.

    Args:
        body: The bytes, or an iterable of pieces that are sent as they come.
        status: The status code.
        type: The media type; empty where there is no body.
        headers: Further header fields.
    """

    body: bytes | Iterable[bytes] = b''
    status: int = 200
    type: str = JSON
    headers: Mapping[str, str] = {}


NO_CONTENT = Reply(status=204, type='')


class Refusal(VaurienError):
    """A request that is not done; nothing has changed.

    Args:
        status: The status code.
        description: The mistake, in one line.
        location: Where: ``body``, ``query``, ``path``, ``header``; empty: nowhere in particular.
        name: The key there; empty: the whole of it.
        headers: Header fields of the response.
    """

    def __init__(self, status: int, description: str, location: str = '', name: str = '',
                 headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, description, location, name)
        self.status, self.description, self.location, self.name = status, description, location, name
        self.headers = dict(headers or {})

    def __str__(self) -> str:
        return f'{self.status}: {self.description}'


class Route(NamedTuple):
    """One call of a surface.

    Args:
        method: The HTTP method.
        path: The path as falcon takes it, with ``{name}`` and ``{number:int}``.
        handle: Called with the request and what the path captured, by name.
        at_once: It is quick, and does not wait until those that came before have been worked on.
    """

    method: str
    path: str
    handle: Callable[..., Reply]
    at_once: bool = False


class Surface(NamedTuple):
    """Calls that belong together.

    Args:
        routes: Its calls.
        refuse: Makes the reply for what went wrong: a ``Refusal``, or what the fleet raised (``refusal_of`` makes a
            ``Refusal`` of it). It must not raise.
        roots: The beginnings of the paths whose unknown ones it answers for, such as ``/v1``; the others are the first
            surface's.
    """

    routes: tuple[Route, ...]
    refuse: Callable[[falcon.Request, Exception], Reply]
    roots: tuple[str, ...] = ()


def refusal_of(error: Exception) -> Refusal | None:
    """Return what is wrong with a request that made the fleet raise.

    Returns:
        The refusal; None: the request is not at fault.
    """
    if isinstance(error, Refusal):
        return error
    if isinstance(error, UnknownProxyError):
        return Refusal(404, str(error), 'path', 'proxy')
    if isinstance(error, NameTakenError):
        return Refusal(409, str(error), 'body', 'name')
    if isinstance(error, AlreadyPlayedError | ElsewhereError | HaltedError):
        return Refusal(409, str(error))
    if isinstance(error, StoppingError):
        return Refusal(503, str(error))
    if isinstance(error, ConfigError):
        return Refusal(400, str(error), 'body', error.option if isinstance(error.option, str) else '')
    if isinstance(error, msgspec.ValidationError):
        return Refusal(400, f'the body: {error}', 'body')
    if isinstance(error, RegistrationError):
        return Refusal(400, str(error), 'body')
    if isinstance(error, OSError) and error.errno not in OUT_OF_RESOURCES:
        status = 409 if error.errno in ADDRESS_TAKEN else 400
        return Refusal(status, f'it cannot be listened on: {reason_of(error)}', 'body', 'proxy')
    return None


def reason_of(error: OSError) -> str:
    """Return what the system said."""
    return error.strerror or (os.strerror(error.errno) if error.errno else str(error))


def unknown_plugin(error: UnknownPluginError) -> str:
    """Say that there is no such plugin, in the words of vaurien 1.x."""
    return f'the {shown(error.name)} {error.kind} does not exist'


def read_body(request: falcon.Request) -> bytes:
    """Return a request's body."""
    body: bytes = request.context.body
    return body


def receive_body(request: falcon.Request) -> None:
    """Read a request's body to its end, before anything is done about it.

    Raises:
        Refusal: It is too large, too slow or broken off.
    """
    stream, kept, size = request.env['wsgi.input'], [], 0
    try:
        with Timeout(BODY_TIMEOUT):
            while piece := stream.read(MAX_BODY_BYTES - size + 1):
                size += len(piece)
                if size > MAX_BODY_BYTES:
                    raise too_large()
                kept.append(piece)
    except (Timeout, TimeoutError):
        raise Refusal(408, f'the body has not arrived within {BODY_TIMEOUT:g} s', 'body', headers=CLOSE_HEADERS) from None
    except NoRoomError as error:
        raise Refusal(503, f'the body is not read: {error}', 'body', headers=CLOSE_HEADERS) from None
    except OSError as error:
        raise Refusal(400, f'the body cannot be read: {error}', 'body', headers=CLOSE_HEADERS) from None
    request.context.body = b''.join(kept)


CLOSE_HEADERS = {'Connection': 'close'}


def too_large() -> Refusal:
    """Make the refusal of a body that is too large."""
    return Refusal(413, f'the body is too large, expected at most {MAX_BODY_BYTES} bytes', 'body')


def decode(data: bytes, kind: Any = Any) -> Any:
    """Read JSON.

    Args:
        data: The bytes.
        kind: What it has to be; any JSON at first.

    Raises:
        Refusal: It is no JSON.
        ValidationError: It is not what it has to be; msgspec's.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f'the body is not JSON: {error}', 'body') from None


def json_reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Make a reply of JSON."""
    return Reply(msgspec.json.encode(value), status, JSON, headers or {})
