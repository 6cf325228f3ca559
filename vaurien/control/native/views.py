"""From live objects to what the native surface shows of them. Changes nothing, and knows nothing of HTTP."""
import inspect
import time
from typing import Any

from ...behaviors import Behavior
from ...links import LINKS, make_link
from ...options import Option, expected
from ...protocols import Protocol
from ...protocols.base import BaseProtocol
from ...proxies.proxy import Proxy
from ...relay.session import Session
from ...spec import TLS_FIELDS, ToxicSpec
from ...toxics import TOXICS
from . import catalog, models

TYPES = {bool: 'boolean', int: 'integer', float: 'number', str: 'string'}


# -- proxies

def proxy_view(proxy: Proxy) -> models.Proxy:
    """Show a proxy."""
    spec = proxy.spec
    return models.Proxy(
        name=spec.name, proxy=spec.proxy, address=str(proxy.bound), backend=spec.backend,
        intercept=spec.intercept, protocol=spec.protocol,
        protocol_settings=spec.protocol_settings, behavior=str(proxy.chaos), mix=list(spec.mix), settings=spec.settings,
        toxics=[attached.spec for attached in proxy.toxics.attached.values()], enabled=spec.enabled,
        accepting=spec.accepting, timeout=spec.timeout, stay_connected=spec.stay_connected, pool_max_size=spec.pool_max_size,
        pool_timeout=spec.pool_timeout, backlog=spec.backlog, max_connections=spec.max_connections,
        **{name: getattr(spec, name) for name in TLS_FIELDS}, stats=models.Stats(**counts(proxy)), uses=uses_view(proxy),
        unread=[models.Unread(**unread._asdict()) for unread in proxy.unapplied.sessions_unread(proxy.sessions)])


def uses_view(proxy: Proxy) -> list[models.Use]:
    """Show what the entries of a proxy's mix have come to, and of those before it, the newest last."""
    current = {use.number for use in proxy.chaos.uses.values()}
    return [models.Use(number=use.number, behavior=use.entry.name, percent=use.entry.percent, settings=dict(use.entry.settings),
                       current=use.number in current, chosen=use.chosen, unmatched=use.unmatched, applied=use.applied,
                       names=list(use.names)) for use in proxy.unapplied.uses.known.values()]


def counts(proxy: Proxy) -> dict[str, Any]:
    """Return what a proxy has counted, that of open sessions included."""
    stats, live = proxy.stats, proxy.totals()
    faults = [models.FaultCount(behavior=behavior, kind=kind, count=count)
              for (behavior, kind), count in stats.faults.items()]
    return {
        'sessions': len(proxy.sessions), 'accepted': stats.accepted, 'refused': stats.refused, 'exchanges': live[0],
        'from_client': live[1], 'from_backend': live[2], 'backend_errors': stats.backend_errors,
        'handler_errors': stats.handler_errors, 'accept_errors': stats.accept_errors,
        'faults': sum(entry.count for entry in faults), 'faults_by': faults,
    }


def stats_view(proxy: Proxy) -> models.ProxyStats:
    """Show what a proxy has counted."""
    return models.ProxyStats(proxy=proxy.name, **counts(proxy))


# -- sessions

def session_view(session: Session) -> models.Session:
    """Show a session."""
    from_client, from_backend = session.transferred
    exchange = session.under_way()
    behavior = getattr(exchange, 'behavior', None)
    return models.Session(
        number=session.number, client=session.peer, backend=session.backend_name,
        age=max(0.0, round(time.monotonic() - session.started, 3)), from_client=from_client, from_backend=from_backend,
        exchanges=session.exchanges, behavior=behavior.name if behavior is not None else '',
        request=exchange.name if exchange is not None else '')


def sessions_view(proxy: Proxy, page: models.SessionsPage) -> models.Sessions:
    """Show some sessions of a proxy, by number."""
    return models.Sessions(sessions=[session_view(session) for session in proxy.sessions_after(page.after, page.limit)],
                           total=len(proxy.sessions))


# -- plugins

def option_view(name: str, option: Option) -> catalog.OptionInfo:
    """Show an option of a plugin."""
    base: Any = getattr(option.type, 'base', option.type)
    default = option.default if isinstance(option.default, bool | int | float | str | None) else str(option.default)
    choices = None if option.choices is None else list(option.choices)
    return catalog.OptionInfo(name=name, description=option.description, type=TYPES.get(base, 'string'),
                             expected=expected(option), default=default, choices=choices)


def options_view(options: dict[str, Option]) -> list[catalog.OptionInfo]:
    """Show the options of a plugin."""
    return [option_view(name, option) for name, option in options.items()]


def behavior_view(name: str) -> catalog.PluginInfo:
    """Show a behavior."""
    cls = Behavior.get(name)
    return catalog.PluginInfo(name=name, description=inspect.getdoc(cls) or '', options=options_view(Behavior.options(cls)))


def toxic_view(name: str) -> catalog.PluginInfo:
    """Show a toxic."""
    cls = TOXICS.get(name)
    return catalog.PluginInfo(name=name, description=inspect.getdoc(cls) or '', options=options_view(TOXICS.options(cls)))


def protocol_view(name: str) -> catalog.ProtocolInfo:
    """Show a protocol."""
    cls: type[BaseProtocol] = Protocol.get(name)
    kinds = [catalog.KindInfo(name=kind, description=entry.description, stages=list(entry.stages), codes=list(entry.codes),
                             category=entry.category, scope=entry.scope, only_named=entry.only_named)
             for kind, entry in {**cls.kinds_of_tls, **cls.errors, **cls.tables}.items()]
    return catalog.ProtocolInfo(name=name, description=inspect.getdoc(cls) or '', options=options_view(Protocol.options(cls)),
                               kinds=kinds)


def link_view(name: str) -> catalog.LinkInfo:
    """Show a link."""
    link = LINKS[name]
    return catalog.LinkInfo(name=name, description=str(link), source=link.source,
                            toxics=[ToxicSpec(**fields) for fields in make_link(name)])
