"""The native surface, ``/v1``: its calls as one table, and what they do. Thin over the fleet; knows no byte of the wire.

The table is all there is: requests are checked by the structs that it names, and the OpenAPI document is made of it.
"""
from collections.abc import Callable
from functools import partial
from typing import Any

import falcon
import msgspec
from msgspec import UNSET

from ... import __version__
from ...behaviors import Behavior
from ...links import LINKS
from ...net.breath import Breath
from ...outputs.prometheus import CONTENT_TYPE, Metrics
from ...protocols import Protocol
from ...proxies.fleet import Fleet
from ...proxies.journal import KEPT
from ...proxies.proxy import Proxy
from ...relay.session import Session
from ...spec import INTERCEPTED, BehaviorSpec, ProxySpec, read_mix
from ...toxics import TOXICS
from .. import checks, server_sent
from ..surface import NO_CONTENT, Refusal, Reply, Route, Surface
from . import catalog, models, views
from .endpoint import BARE, EVENTS, TEXT, Endpoint, Request, problem, serve
from .events import Followers
from .live.busy import BusyCalls
from .live.calls import LiveCalls
from .live.exploration import ExplorationCalls, Exploring
from .live.feed import Feeds
from .marks import MarkCalls
from .openapi import document
from .plans import PlanCalls
from .scenarios import ScenarioCalls
from .toxics import ToxicCalls


def make_surface(fleet: Fleet, secured: bool = False, exploring: Exploring | None = None) -> Surface:
    """Make the surface.

    Args:
        fleet: What it steers.
        secured: Whether requests need a token; the OpenAPI document says so.
        exploring: The exploration that is shown; None: there is none.
    """
    api = Native(fleet, exploring)
    table = api.endpoints()
    written = document(table, secured)
    described = Endpoint('GET', '/v1/openapi.json', 'This document', lambda request: written, response=dict[str, Any])
    written.update(document((*table, described), secured))
    routes = (Route(endpoint.method, endpoint.path, partial(serve, endpoint), endpoint.path == '/health')
              for endpoint in (*table, described))
    return Surface(tuple(routes), problem, ('/v1', '/health', '/metrics'))


class Native:
    """What the calls do.

    Args:
        fleet: What they act on.
        exploring: The exploration that is shown; None: there is none.
    """

    def __init__(self, fleet: Fleet, exploring: Exploring | None = None) -> None:
        self.fleet = fleet
        self.exploration_calls = ExplorationCalls(exploring)
        self.followers = Followers(fleet.journal)
        self.metrics = Metrics(fleet, fleet.times, fleet.spans and fleet.spans.counts)
        self.toxic_calls = ToxicCalls(fleet)
        self.live_calls = LiveCalls(Feeds(fleet, exploring))
        self.plan_calls, self.mark_calls, self.scenario_calls = PlanCalls(fleet), MarkCalls(fleet), ScenarioCalls(fleet)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the table of calls."""
        m, one, session = models, '/v1/proxies/{proxy}', '/v1/proxies/{proxy}/sessions/{number:int}'
        return (
            Endpoint('GET', '/v1/version', 'The version', self.version, response=m.Version),
            Endpoint('GET', '/v1/seed', 'The seed', self.seed, response=m.Seed),
            Endpoint('GET', '/v1/behaviors', 'The behaviors that there are', self.behaviors, response=catalog.Behaviors),
            Endpoint('GET', '/v1/protocols', 'The protocols that there are', self.protocols, response=catalog.Protocols),
            Endpoint('GET', '/v1/toxics', 'The toxics that there are', self.toxics, response=catalog.Toxics),
            Endpoint('GET', '/v1/links', 'The links that there are', self.links, response=catalog.Links),
            Endpoint('GET', '/v1/proxies', 'All proxies', self.proxies, response=m.Proxies),
            Endpoint('POST', '/v1/proxies', 'Make a proxy', self.create, m.Proxy, 201, body=m.NewProxy, errors=(409, 503)),
            Endpoint('GET', one, 'A proxy', self.show, response=m.Proxy),
            Endpoint('PATCH', one, 'Change a proxy: all that is given, or nothing', self.change, m.Proxy, body=m.Changes,
                     errors=(409, 503)),
            Endpoint('DELETE', one, 'End a proxy and its sessions', self.remove, BARE, 204),
            Endpoint('POST', f'{one}/reset', 'Make a proxy again what it was created as', self.reset, m.Proxy, errors=(409, 503)),
            *self.toxic_calls.endpoints(),
            Endpoint('GET', f'{one}/sessions', 'Sessions of a proxy', self.sessions, m.Sessions, query=m.SessionsPage),
            Endpoint('DELETE', f'{one}/sessions', 'End all sessions of a proxy', self.kill_all, m.Killed),
            Endpoint('GET', session, 'A session', self.session, m.Session),
            Endpoint('DELETE', session, 'End a session', self.kill, BARE, 204),
            *self.plan_calls.endpoints(),
            *self.mark_calls.endpoints(),
            *self.scenario_calls.endpoints(),
            Endpoint('GET', '/v1/faults', 'What was injected', self.faults, m.Faults, query=m.FaultsPage),
            Endpoint('GET', '/v1/events', 'What is injected, as server-sent events: id, event fault, and a Fault as data; and '
                     'event notice, with time and text, where a member of a cluster heals itself or is back',
                     self.events, EVENTS, query=m.Since, errors=(503,)),
            *self.live_calls.endpoints(),
            *self.exploration_calls.endpoints(),
            *BusyCalls(self.fleet).endpoints(),
            Endpoint('GET', '/v1/stats', 'What all proxies have counted', self.stats, m.AllStats),
            Endpoint('POST', '/v1/reset', 'Make all proxies again what they were created as', self.reset_all, m.Proxies,
                     errors=(409, 503)),
            Endpoint('GET', '/health', 'Whether the process lives', self.health, m.Health),
            Endpoint('GET', '/metrics', 'Counters for Prometheus', self.show_metrics, TEXT),
        )

    # -- the process

    def version(self, request: Request) -> models.Version:
        return models.Version(version=__version__)

    def seed(self, request: Request) -> models.Seed:
        return models.Seed(seed=self.fleet.seed)

    def behaviors(self, request: Request) -> catalog.Behaviors:
        return catalog.Behaviors(behaviors=[views.behavior_view(name) for name in Behavior.names()])

    def protocols(self, request: Request) -> catalog.Protocols:
        return catalog.Protocols(protocols=[views.protocol_view(name) for name in Protocol.names()])

    def toxics(self, request: Request) -> catalog.Toxics:
        return catalog.Toxics(toxics=[views.toxic_view(name) for name in TOXICS.names()])

    def links(self, request: Request) -> catalog.Links:
        return catalog.Links(links=[views.link_view(name) for name in LINKS])

    def health(self, request: Request) -> models.Health:
        proxies = self.fleet.proxies.values()
        return models.Health(status='ok', proxies=len(proxies), sessions=sum(len(proxy.sessions) for proxy in proxies))

    def show_metrics(self, request: Request) -> Reply:
        return Reply(self.metrics.text(), type=CONTENT_TYPE)

    # -- proxies

    def _proxy(self, request: Request) -> Proxy:
        return self.fleet.get(request.captured['proxy'])

    def proxies(self, request: Request) -> models.Proxies:
        return models.Proxies(proxies=self._each(views.proxy_view))

    def _each(self, view: Callable[[Proxy], Any]) -> list[Any]:
        """Show each proxy; thousands take a while, so others have their turn in between."""
        found, breathe = [], Breath()
        for proxy in list(self.fleet.proxies.values()):
            breathe()
            found.append(view(proxy))
        return found

    def create(self, request: Request) -> Reply | models.Proxy:
        checks.check_name(request.body.name)
        fields = fields_of(request.body, INTERCEPTED if request.body.intercept else ProxySpec().protocol)
        proxy = self.fleet.create(self.fleet.defaults.make(name=request.body.name, **fields))
        return views.proxy_view(proxy)

    def show(self, request: Request) -> models.Proxy:
        return views.proxy_view(self._proxy(request))

    def change(self, request: Request) -> models.Proxy:
        proxy = self._proxy(request)
        fields = fields_of(request.body, proxy.spec.protocol)
        if fields.get('protocol', proxy.spec.protocol) != proxy.spec.protocol:
            # those of the other protocol mean nothing to this one
            fields.setdefault('protocol_settings', self.fleet.defaults.of_protocol(fields['protocol']))
        return views.proxy_view(self.fleet.change(proxy.name, **fields) if fields else proxy)

    def remove(self, request: Request) -> Reply:
        self.fleet.remove(request.captured['proxy'])
        return NO_CONTENT

    def reset(self, request: Request) -> models.Proxy:
        self.fleet.reset(request.captured['proxy'])
        return self.show(request)

    def reset_all(self, request: Request) -> models.Proxies:
        self.fleet.reset()
        return self.proxies(request)

    def stats(self, request: Request) -> models.AllStats:
        return models.AllStats(proxies=self._each(views.stats_view))

    # -- sessions

    def _session(self, request: Request) -> Session:
        number = request.captured['number']
        try:
            return self._proxy(request).sessions[number]
        except KeyError:
            raise Refusal(404, f'there is no session {number}', 'path', 'number') from None

    def sessions(self, request: Request) -> models.Sessions:
        return views.sessions_view(self._proxy(request), request.query)

    def session(self, request: Request) -> models.Session:
        return views.session_view(self._session(request))

    def kill(self, request: Request) -> Reply:
        self._session(request).abort()
        return NO_CONTENT

    def kill_all(self, request: Request) -> models.Killed:
        return models.Killed(killed=self._proxy(request).abort())

    # -- faults

    def faults(self, request: Request) -> models.Faults:
        query, journal = request.query, self.fleet.journal
        since, proxy = (None if value is UNSET else value for value in (query.since, query.proxy))
        found = list(journal.since(since or 0, proxy))
        kept = found[-query.limit:] if since is None else found[:query.limit]
        return models.Faults(faults=kept, last=journal.count, kept=KEPT)

    def events(self, request: Request) -> Reply:
        query = request.query
        since = last_seen(request.raw) if query.since is UNSET else query.since
        stream = self.followers.follow(since, None if query.proxy is UNSET else query.proxy)
        return server_sent.events(stream)


def last_seen(request: falcon.Request) -> int | None:
    """Return the id after which a follower goes on that was cut off: what browsers send by themselves."""
    text = request.env.get('HTTP_LAST_EVENT_ID', '')
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def fields_of(body: models.Changes, protocol: str) -> dict[str, Any]:
    """Make fields of a spec of what a body gives, and check what it says about plugins.

    Args:
        body: The body.
        protocol: The protocol where the body gives none.

    Raises:
        ConfigError: A plugin or an option is not known, or a value does not fit; under the key of the body.
    """
    fields = {name: value for name in Names if (value := getattr(body, name)) is not UNSET}
    if 'mix' in fields:
        fields['mix'] = entries_of(fields['mix'])
        checks.check_mix(fields['mix'])
    if 'toxics' in fields:
        fields['toxics'] = tuple(fields['toxics'])
    checks.check_settings(fields.get('settings', {}))
    if 'protocol' in fields or 'protocol_settings' in fields:
        checks.check_protocol(fields.get('protocol', protocol), fields.get('protocol_settings', {}))
    return fields


def entries_of(mix: str | list[BehaviorSpec]) -> tuple[BehaviorSpec, ...]:
    """Read a mix as a body gives it."""
    if isinstance(mix, str):
        return read_mix(mix)
    return tuple(mix)


Names: tuple[str, ...] = tuple(field.name for field in msgspec.structs.fields(models.Changes))
