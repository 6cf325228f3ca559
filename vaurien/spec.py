"""What a process and its proxies should be, as data. The INI file, the command line, HTTP and tests all speak in these.

Knows no plugin: names and values are checked against the registries where a proxy is made of a spec.
"""
from typing import Annotated, Any

import msgspec

from .mix import parse_mix
from .options import check_count

MAX_PROXIES = 10_000  #: of a process; one that is disabled costs no descriptor, but some 20 KB
MAX_TOXICS = 64  #: of a proxy; each is work for each of its sessions
MAX_NAME = 100  #: [characters] of the name of a proxy or a toxic, which is in many messages, metrics and paths
MAX_ADDRESS = 1000  #: [characters] of an address; names of hosts have 253, paths of sockets 107
EMBEDDED = 'embedded'   #: the backend that means the HTTP server inside the process


class BehaviorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One entry of a mix.

    Args:
        name: The behavior's name.
        percent: Its share of the exchanges, 0 to 100.
        settings: Option values for this entry; what is missing is taken from the proxy's ``settings``.
    """

    name: str
    percent: Annotated[float, msgspec.Meta(ge=0, le=100)] = 100.0
    settings: dict[str, Any] = {}


def read_mix(text: str) -> tuple[BehaviorSpec, ...]:
    """Read ``20:delay,10:error``.

    Raises:
        ConfigError: It is not of this form, or the sum is above 100.
    """
    return tuple(BehaviorSpec(name=name, percent=percent) for percent, name in parse_mix(text))


class ToxicSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A condition of the wire on one direction of a proxy.

    Args:
        type: The toxic's name in the registry.
        name: How it is addressed within its proxy; empty: ``<type>_<stream>``.
        stream: ``downstream`` (backend to client) or ``upstream``.
        toxicity: The share of the sessions that it is active in, 0 to 1.
        attributes: Option values.
    """

    type: str
    name: str = ''
    stream: str = 'downstream'
    toxicity: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    attributes: dict[str, Any] = {}

    def named(self) -> 'ToxicSpec':
        """Return the same toxic with the name that it is addressed by."""
        return self if self.name else msgspec.structs.replace(self, name=f'{self.type}_{self.stream}')


class ProxySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one proxy should be.

    Args:
        name: How the fleet, the seed and the logs know it.
        proxy: Where it listens; port 0 picks one.
        backend: Where it connects to; ``embedded``: the HTTP server inside the process.
        protocol: The protocol's name.
        protocol_settings: Values of the protocol's options.
        mix: The behaviors and their weights; empty: dummy alone.
        settings: Configured values of behaviors' options, by behavior and option.
        toxics: The conditions of the wire, in order.
        enabled: Whether it listens.
        timeout: Seconds to connect to the backend, and for a write that a peer does not take.
        stay_connected: False ends a session after ``timeout`` seconds without an event.
        pool_max_size: Idle backend connections kept for reuse.
        pool_timeout: Seconds that they are kept.
        backlog: Connections that the kernel holds before they are accepted.
        max_connections: Sessions at the same time; above it clients are accepted and reset. 0: no limit.
    """

    name: str = 'default'
    proxy: str = 'localhost:8000'
    backend: str = 'localhost:80'
    protocol: str = 'tcp'
    protocol_settings: dict[str, Any] = {}
    mix: tuple[BehaviorSpec, ...] = ()
    settings: dict[str, dict[str, Any]] = {}
    toxics: tuple[ToxicSpec, ...] = ()
    enabled: bool = True
    timeout: float = 30.0
    stay_connected: bool = True
    pool_max_size: int = 100
    pool_timeout: float = 30.0
    backlog: int = 8192
    max_connections: int = 0


#: what a proxy allows itself: fields of ``ProxySpec``, keys of ``[vaurien]``
LIMITS = ('timeout', 'stay_connected', 'pool_max_size', 'pool_timeout', 'backlog', 'max_connections')


class ProxyDefaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a proxy is made with where nothing else is said of it; for those that are made later, over HTTP.

    Args:
        limits: Values of ``LIMITS``; what is missing is as in ``ProxySpec``.
        protocol_settings: Values of protocols' options, by protocol and option.
        settings: Values of behaviors' options, by behavior and option.
    """

    limits: dict[str, Any] = {}
    protocol_settings: dict[str, dict[str, Any]] = {}
    settings: dict[str, dict[str, Any]] = {}

    def of_protocol(self, protocol: str) -> dict[str, Any]:
        """Return the settings that a protocol has where nothing else is said."""
        return dict(self.protocol_settings.get(protocol, {}))

    def make(self, **fields: Any) -> ProxySpec:
        """Make a spec of what is said of a proxy; single options that are said win over those that are not."""
        protocol = fields.get('protocol', ProxySpec().protocol)
        given = fields.get('settings', {})
        merged = {name: {**self.settings.get(name, {}), **given.get(name, {})} for name in {**self.settings, **given}}
        return ProxySpec(**{**self.limits, **fields, 'settings': merged,
                            'protocol_settings': {**self.of_protocol(protocol), **fields.get('protocol_settings', {})}})


class StatsdSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where counters are sent to."""

    enabled: bool = False
    host: str = 'localhost'
    port: int = 8125
    prefix: str = 'vaurien'
    sample_rate: float = 1.0


class ProcessSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the whole process should be.

    Args:
        proxies: Its proxies, in order; the first is the one of the command line or ``[vaurien]``.
        defaults: What proxies are made with that are made later.
        seed: What all randomness is made from; None: one is chosen and logged.
        grace: Seconds that sessions may take to end after SIGTERM.
        end_with_parent: Whether it ends at once when standard input ends or the process that started it is gone.
        http: Whether the control server runs.
        http_host: Where it listens.
        http_port: Its port; 0 picks one.
        http_token: What requests must carry as ``Authorization: Bearer``; empty: nothing.
        toxiproxy: Whether the control server answers unknown paths as Toxiproxy does.
        show: What is written on standard output as it happens: none or faults.
        log_level: critical, error, warning, info or debug.
        log_output: A path; ``-``: standard error.
        statsd: Where counters are sent to.
    """

    proxies: tuple[ProxySpec, ...] = ()
    defaults: ProxyDefaults = ProxyDefaults()
    seed: int | None = None
    grace: float = 5.0
    end_with_parent: bool = False
    http: bool = False
    http_host: str = 'localhost'
    http_port: int = 8080
    http_token: str = ''
    toxiproxy: bool = False
    show: str = 'faults'
    log_level: str = 'info'
    log_output: str = '-'
    statsd: StatsdSpec = StatsdSpec()


def check_lengths(spec: ProxySpec) -> None:
    """Refuse a proxy of which something is too long.

    Raises:
        ConfigError: Its name, an address, or the list of its toxics is.
    """
    for field, most, what in (('name', MAX_NAME, 'characters'), ('proxy', MAX_ADDRESS, 'characters'),
                              ('backend', MAX_ADDRESS, 'characters'), ('toxics', MAX_TOXICS, 'toxics')):
        check_count(field, len(getattr(spec, field)), most, what)
    for toxic in spec.toxics:
        check_count('toxic', len(toxic.name), MAX_NAME, 'characters of its name')
