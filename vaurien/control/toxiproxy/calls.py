"""The HTTP API of Toxiproxy 2.12, to the byte: routes, codes, headers and the order of checks.

Bodies are read in ``bodies``, replies are worded in ``replies``, and ``proxies`` does what they ask for. Sections are those of
Toxiproxy's own API documentation; where vaurien differs on purpose the page "Moving over from Toxiproxy" says so and why.
"""
import base64
import os
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, NamedTuple, TypeVar

import falcon
import msgspec

from ...errors import ConfigError, RegistrationError
from ...links import STREAMS
from ...net.breath import Breath
from ...proxies.fleet import Fleet
from ...proxies.proxy import Proxy
from ...proxies.refusals import NameTakenError, StoppingError, UnknownProxyError
from ...spec import ToxicSpec
from ...wire.toxics import AttachedToxic
from ..surface import NO_CONTENT, Refusal, Reply, Route, Surface
from .addresses import GoAddressError
from .bodies import (
    CHANGED_TOXIC,
    NEW_PROXY,
    NEW_TOXIC,
    attributes_of,
    body_of,
    entries_of,
    extras_of,
    fields_of,
    toxic_class,
)
from .proxies import CannotListenError, GivenAddresses, Toxiproxies
from .replies import NOSNIFF, TEXT, ApiError, bad_body, missing, refuse, reply
from .toxics import toxic_view

VERSION = '2.12.0'      #: what clients take us for; our own is in ``/v1/version``
_numbers = count()
Found = TypeVar('Found')


def make_surface(fleet: Fleet) -> Surface:
    """Make the surface."""
    api = Api(Toxiproxies(fleet))
    one, toxics, toxic = '/proxies/{proxy}', '/proxies/{proxy}/toxics', '/proxies/{proxy}/toxics/{toxic}'
    table: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
        ('GET', '/version', api.version),
        ('GET', '/proxies', api.index),
        ('POST', '/proxies', api.create),
        ('POST', '/populate', api.populate),
        ('GET', one, api.show),
        ('POST', one, api.update),
        ('PATCH', one, api.update),
        ('DELETE', one, api.delete),
        ('GET', toxics, api.toxic_index),
        ('POST', toxics, api.toxic_create),
        ('GET', toxic, api.toxic_show),
        ('POST', toxic, api.toxic_update),
        ('PATCH', toxic, api.toxic_update),
        ('DELETE', toxic, api.toxic_delete),
        ('POST', '/reset', api.reset),
    )
    routes = tuple(Route(method, path, partial(call, handle)) for method, path, handle in table)
    return Surface(routes, refuse, ('/proxies', '/populate', '/reset', '/version'))


def call(handle: Callable[..., Reply], request: falcon.Request, **captured: str) -> Reply:
    """Make the reply to a request of a known route."""
    if '' in captured.values():
        raise Refusal(404, 'an empty name')
    if request.env.get('HTTP_USER_AGENT', '').startswith('Mozilla/'):
        made = Reply(b'User agent not allowed\n', 403, TEXT, NOSNIFF)
    else:
        try:
            made = handle(request, **captured)
        except ApiError as error:
            made = refuse(request, error)
    return made._replace(headers={**made.headers, 'X-Toxiproxy-Request-Id': request_id()})


def request_id() -> str:
    """Make an id that sorts by time, as long as Toxiproxy's."""
    raw = int(time.time()).to_bytes(4, 'big') + os.getpid().to_bytes(5, 'big') + (next(_numbers) % 2 ** 24).to_bytes(3, 'big')
    return base64.b32hexencode(raw).decode().lower().rstrip('=')


class Populated(NamedTuple):
    """One proxy of a list that is dealt with: the addresses that it was given, and how it was shown then."""

    proxy: Proxy
    given: GivenAddresses | None
    view: dict[str, Any]


class Api:
    """What the calls do.

    Args:
        proxies: What they act on.
    """

    def __init__(self, proxies: Toxiproxies) -> None:
        self.proxies = proxies

    def version(self, request: falcon.Request) -> Reply:
        """Show the version of Toxiproxy that this is."""
        return Reply(f'{{"version": "{VERSION}"}}\n'.encode(), type='application/json;charset=utf-8')

    # -- proxies

    def view(self, proxy: Proxy) -> dict[str, Any]:
        """Show a proxy; ``Logger`` is an accident of Toxiproxy's that is on its wire."""
        return {'name': proxy.name, 'listen': self.proxies.listen(proxy), 'upstream': self.proxies.upstream(proxy),
                'enabled': proxy.spec.enabled, 'Logger': {}, 'toxics': self.toxics_view(proxy)}

    def toxics_view(self, proxy: Proxy) -> list[dict[str, Any]]:
        return [toxic_view(attached) for attached in self.proxies.toxics(proxy)]

    def find(self, name: str) -> Proxy:
        try:
            return self.proxies.fleet.proxies[name]
        except KeyError:
            raise ApiError(404, 'proxy not found') from None

    @staticmethod
    def body_for(request: falcon.Request, find: Callable[[], Found]) -> tuple[Found, Any]:
        """Return what a call is about, and its body. It has to be there before the body is read, and once it has arrived, too."""
        find()
        value = body_of(request)
        return find(), value

    def index(self, request: falcon.Request) -> Reply:
        """Show all proxies, by name."""
        views, breathe = {}, Breath()
        for name, proxy in sorted(self.proxies.fleet.proxies.items()):
            breathe()
            views[name] = self.view(proxy)
        return reply(views, breathe=breathe)

    def create(self, request: falcon.Request) -> Reply:
        """Make a proxy."""
        given = fields_of(NEW_PROXY, body_of(request))
        for field in ('name', 'upstream'):
            if not given.get(field):
                raise missing(field)
        proxy = act(self.proxies.create, given['name'], given.get('listen', ''), given['upstream'],
                    given.get('enabled', True), extras_of(given))
        return reply(self.view(proxy), 201)

    def show(self, request: falcon.Request, proxy: str) -> Reply:
        """Show a proxy."""
        return reply(self.view(self.find(proxy)))

    def update(self, request: falcon.Request, proxy: str) -> Reply:
        """Change a proxy; other addresses end its connections."""
        found, value = self.body_for(request, lambda: self.find(proxy))
        given = fields_of(NEW_PROXY, value)
        act(self.proxies.update, found, given.get('listen', self.proxies.listen(found)),
            given.get('upstream', self.proxies.upstream(found)), given.get('enabled', found.spec.enabled), extras_of(given))
        return reply(self.view(found))

    def delete(self, request: falcon.Request, proxy: str) -> Reply:
        """End a proxy and its connections."""
        self.proxies.remove(self.find(proxy))
        return NO_CONTENT

    def reset(self, request: falcon.Request) -> Reply:
        """Enable all proxies and take their toxics away."""
        act(self.proxies.reset)
        return NO_CONTENT

    def populate(self, request: falcon.Request) -> Reply:
        """Make proxies what a list says, one after the other, up to the first that cannot be."""
        done: list[Populated] = []
        breathe = Breath()
        try:
            for entry in entries_of(body_of(request), breathe):
                breathe()
                proxy = act(self.proxies.replace, entry, extras_of(entry))
                done.append(Populated(proxy, self.proxies.given(proxy), self.view(proxy)))
        except ApiError as error:
            return reply({'error': error.description, 'status': error.status, 'proxies': self.populated(done)}, error.status,
                         breathe)
        return reply({'proxies': self.populated(done)}, 201, breathe)

    def populated(self, done: list[Populated]) -> list[dict[str, Any]] | None:
        """Show the proxies of a list; one that a later entry has replaced, or stopped, is disabled. None: there are none."""
        return [{**view, 'enabled': view['enabled'] and proxy.spec.enabled and self.proxies.given(proxy) is given}
                for proxy, given, view in done] or None

    # -- toxics

    def find_toxic(self, proxy: Proxy, name: str) -> AttachedToxic:
        try:
            return proxy.toxics.attached[name]
        except KeyError:
            raise ApiError(404, 'toxic not found') from None

    def toxic_index(self, request: falcon.Request, proxy: str) -> Reply:
        """Show the toxics of a proxy."""
        return reply(self.toxics_view(self.find(proxy)))

    def toxic_create(self, request: falcon.Request, proxy: str) -> Reply:
        """Add a toxic to a proxy."""
        found, value = self.body_for(request, lambda: self.find(proxy))
        given = fields_of(NEW_TOXIC, value)
        stream, kind = given.get('stream', 'downstream'), given.get('type', '')
        if stream.lower() not in STREAMS:
            raise ApiError(400, 'stream was invalid, can be either upstream or downstream')
        cls = toxic_class(kind)
        spec = ToxicSpec(type=kind, name=given.get('name', ''), stream=stream, toxicity=given.get('toxicity', 1.0)).named()
        if spec.name in found.toxics.attached:
            raise ApiError(409, 'toxic already exists')
        spec = msgspec.structs.replace(spec, attributes=attributes_of(cls, given.get('attributes')))
        return reply(toxic_view(act(self.proxies.add_toxic, found, spec)))

    def toxic_show(self, request: falcon.Request, proxy: str, toxic: str) -> Reply:
        """Show a toxic."""
        return reply(toxic_view(self.find_toxic(self.find(proxy), toxic)))

    def toxic_update(self, request: falcon.Request, proxy: str, toxic: str) -> Reply:
        """Change a toxic, and draw again where it is active."""
        attached, value = self.body_for(request, lambda: self.find_toxic(self.find(proxy), toxic))
        given = fields_of(CHANGED_TOXIC, value)
        attributes = attributes_of(attached.cls, given.get('attributes'))
        return reply(toxic_view(act(self.proxies.update_toxic, self.find(proxy), toxic, attributes, given.get('toxicity'))))

    def toxic_delete(self, request: falcon.Request, proxy: str, toxic: str) -> Reply:
        """Take a toxic away."""
        found = self.find(proxy)
        self.find_toxic(found, toxic)
        self.proxies.remove_toxic(found, toxic)
        return NO_CONTENT


def act(do: Callable[..., Any], *args: Any) -> Any:
    """Do something to the fleet.

    Raises:
        ApiError: It cannot be done, in Toxiproxy's words.
    """
    try:
        return do(*args)
    except NameTakenError:
        raise ApiError(409, 'proxy already exists') from None
    except UnknownProxyError:   # it was removed while a name was looked up
        raise ApiError(404, 'proxy not found') from None
    except StoppingError as error:
        raise ApiError(503, str(error)) from None
    except (CannotListenError, GoAddressError) as error:
        raise ApiError(500, str(error)) from None
    except (ConfigError, RegistrationError) as error:
        raise bad_body(error) from None
