"""The control server: puts surfaces together and serves them. Knows that there are surfaces, and not what they answer."""
import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import falcon

from ..address import Address, check_binding
from ..net import sockets
from ..net.httpd.server import ASIDE, Server
from ..net.sockets import RawSocket
from ..proxies.fleet import ANNOUNCED, Fleet
from ..proxies.rate_limited_log import RateLimitedLog
from ..words.allowed import make_allowed
from . import BACKLOG, classic, native, toxiproxy
from .guard import Guard
from .page import calls as page
from .surface import Refusal, Reply, Route, Surface, receive_body, refusal_of
from .turns import Turns

if TYPE_CHECKING:
    from ssl import SSLContext

    from .native.live.exploration import Exploring

logger = logging.getLogger(__name__)

#: Toxiproxy's own port: on it unknown paths are answered as Toxiproxy does
TOXIPROXY_PORT = 8474
METHODS = ('CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE')
EXPLORED = 'vaurien explores, and nothing can be changed meanwhile'
BUG = Refusal(500, 'vaurien has failed here; its log says how')


class ControlServer:
    """The HTTP server that a fleet is steered by: ``start`` it, ask for its ``address``, ``stop`` it.

    Args:
        fleet: What it steers.
        host: Where it listens; without a token, and without networks that may connect, a loopback address.
        port: Its port; 0 picks one.
        token: What requests must carry as ``Authorization: Bearer``; empty: nothing.
        toxiproxy: Whether unknown paths are answered as Toxiproxy does; on its port they always are.
        allow: Networks that may connect, and names that ``Host`` may have, as ``read_allowed`` writes them.
        certificate: The file of the certificate that it shows, in PEM; empty: it speaks without TLS.
        key: The file of its key; empty: it is in the same file.
        listener: A socket that listens there already; None: ``start`` makes one.
        exploring: The exploration that is shown, and while it is nothing can be changed; None: there is none.

    Raises:
        ConfigError: Any other machine could steer this process, without a token; or a file cannot be used.
    """

    def __init__(self, fleet: Fleet, host: str = 'localhost', port: int = 8080, token: str = '',
                 toxiproxy: bool = False, allow: Sequence[str] = (), certificate: str = '', key: str = '',
                 listener: RawSocket | None = None, *, exploring: 'Exploring | None' = None) -> None:
        self._allowed = make_allowed(allow)
        check_binding(host, token, limited=bool(self._allowed.networks))
        self.fleet, self.token, self._toxiproxy = fleet, token, toxiproxy
        self._host, self._listen = host, Address(host, port)
        self._context: SSLContext | None = None
        if certificate:
            from ..net.httpd.secured import make_context  # it is slow to import, and most servers have no use for it
            self._context = make_context(certificate, key)
        self._server: Server | None = None
        self._listener, self._exploring = listener, exploring
        self._not_accepted, self._not_welcome = RateLimitedLog(logger), RateLimitedLog(logger)

    @property
    def address(self) -> str:
        """Where it listens, with the real port; before ``start`` where it will."""
        return str(self._listen)

    @property
    def url(self) -> str:
        """Where it listens, with its scheme."""
        return f'{"http" if self._context is None else "https"}://{self.address}'

    def start(self) -> None:
        """Listen and serve.

        Raises:
            OSError: The address cannot be listened on.
        """
        listener = self._listener or sockets.listen(sockets.place_of(self._listen), BACKLOG)
        self._listener = None
        self._listen = sockets.bound_address(listener)
        guard = Guard(self._host, self._listen, self.token, self._allowed, tls=self._context is not None,
                      public=page.FOLDER, fixed=EXPLORED if self._exploring is not None else '')
        surfaces = [native.make_surface(self.fleet, bool(self.token), self._exploring), classic.make_surface(self.fleet),
                    toxiproxy.make_surface(self.fleet)]
        if self._toxiproxy or self._listen.port == TOXIPROXY_PORT:
            surfaces.reverse()
        surfaces.append(page.make_surface(surfaces[0].refuse))
        app = application(surfaces, guard, self.fleet.refresh)
        self._server = Server(listener, app, self._welcomes, self._accept_failed, self._context)
        self._server.start()
        logger.info('control server on %s', self.url, extra=ANNOUNCED)

    def _welcomes(self, client: str) -> bool:
        welcome = self._allowed.welcomes(client)
        if not welcome:
            self._not_welcome.warning('the control server refuses %s, which --http-allow does not name', client)
        return welcome

    def _accept_failed(self, error: OSError) -> None:
        self._not_accepted.warning('the control server cannot accept: %s', error)

    def stop(self) -> None:
        """Stop listening and drop its connections; nothing happens where it does not listen."""
        server, self._server = self._server, None
        if server is not None:
            server.stop(timeout=0)


def application(surfaces: Sequence[Surface], guard: Guard,
                refresh: Callable[[], None] = lambda: None) -> 'falcon.App[Any, Any]':
    """Make the WSGI application of some surfaces.

    Args:
        surfaces: What there is; the first one answers for unknown paths.
        guard: What lets requests in.
        refresh: Has the counts up to date, before they are shown.
    """
    app = falcon.App(middleware=[page.Door(), guard])  # type: ignore[arg-type]
    app.resp_options.default_media_type = None      # type: ignore[assignment]  # what has no body has no type
    owners: dict[str, Surface] = {}
    turns = Turns()
    for surface in surfaces:
        for path in dict.fromkeys(route.path for route in surface.routes):
            owners[path] = surface
            routes = [route for route in surface.routes if route.path == path]
            app.add_route(path, Resource(routes, turns, refresh))
    owner = partial(owner_of, surfaces, owners)
    for kind in (falcon.HTTPError, Exception):     # falcon has a handler of its own for the first
        app.add_error_handler(kind, partial(failed, owner))
    return app


class Resource:
    """One path: what falcon looks for is an attribute for each method, ``on_get``."""

    def __init__(self, routes: Sequence[Route], turns: Turns, refresh: Callable[[], None]) -> None:
        allowed = ', '.join(sorted(route.method for route in routes))
        calls = dict.fromkeys(METHODS, partial(not_allowed, allowed))
        calls.update({route.method: partial(answered, route, turns, refresh) for route in routes})
        for method, call in calls.items():
            setattr(self, f'on_{method.lower()}', call)


def answered(route: Route, turns: Turns, refresh: Callable[[], None], request: falcon.Request, response: falcon.Response,
             **captured: Any) -> None:
    """Answer a request, once all of it has arrived and it is its turn."""
    receive_body(request)
    if route.at_once:
        send(route.handle(request, **captured), response)
        return
    with turns.wait(request.env.get(ASIDE, nullcontext)()):
        if request.method == 'GET':
            refresh()
        send(route.handle(request, **captured), response)


def not_allowed(allowed: str, request: falcon.Request, response: falcon.Response, **captured: Any) -> None:
    """Refuse a method that a path does not have."""
    raise Refusal(405, f'{request.method} is not possible here, only {allowed}', headers={'Allow': allowed})


def failed(owner: Callable[[falcon.Request], Surface], request: falcon.Request, response: falcon.Response, error: Exception,
           captured: Any) -> None:
    """Answer a request that was refused, or that has met a bug: the only place where everything is caught."""
    if isinstance(error, falcon.HTTPError):
        error = refused_by_falcon(error)
    if refusal_of(error) is None:
        logger.error('%s %s has failed', request.method, request.path, exc_info=error)
        error = BUG
    send(owner(request).refuse(request, error), response)


def refused_by_falcon(error: falcon.HTTPError) -> Refusal:
    """Say in our words what falcon has refused: an unknown path or method."""
    text = 'there is nothing at this path' if error.status_code == 404 else error.description or error.title or str(error)
    return Refusal(error.status_code, text, headers=dict(error.headers or {}))


def owner_of(surfaces: Sequence[Surface], owners: dict[str, Surface], request: falcon.Request) -> Surface:
    """Return the surface that a request is for, in whose words it is refused."""
    if request.uri_template in owners:
        return owners[request.uri_template]
    for surface in surfaces:
        if any(request.path == root or request.path.startswith(f'{root}/') for root in surface.roots):
            return surface
    return surfaces[0]


def send(reply: Reply, response: falcon.Response) -> None:
    """Make falcon's response of a reply."""
    response.status = reply.status
    response.set_headers(dict(reply.headers))
    if not reply.type:
        return
    response.content_type = reply.type
    if isinstance(reply.body, bytes):
        response.data = reply.body
    else:
        response.stream = reply.body
