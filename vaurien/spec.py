"""What a process and its proxies should be, as data. The INI file, the command line, HTTP and tests all speak in these.

Knows no plugin: names and values are checked against the registries where a proxy is made of a spec.
"""
from typing import Annotated, Any

import msgspec

from .address import speaks_tls
from .mix import parse_mix
from .options import check_count

MAX_WORKERS = 256   #: processes that relay
MAX_PROXIES = 10_000  #: of a process; one that is disabled costs no descriptor, but some 20 KB
MAX_TOXICS = 64  #: of a proxy; each is work for each of its sessions
MAX_NAME = 100  #: [characters] of the name of a proxy or a toxic, which is in many messages, metrics and paths
MAX_ADDRESS = 1000  #: [characters] of an address; names of hosts have 253, paths of sockets 107
MAX_COUNT = 2 ** 53 - 1  #: of whatever an entry of a plan counts: the largest that every reader of JSON takes as it is
MAX_PLAN = 10_000   #: entries of a plan; each may be looked at for each request of its proxies
MAX_INTERCEPT = 20_000      #: [characters] of the hosts that a forward proxy opens
EMBEDDED = 'embedded'   #: the backend that means the HTTP server inside the process
ANY = 'any'     #: the backend that means whatever a client asks for: the proxy is a forward proxy
INTERCEPTED = 'http'    #: the protocol that a forward proxy opens


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


class FaultSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One entry of a plan: exactly these requests, exactly this failure.

    Args:
        proxy: The proxies that it is about, by name; ``*`` stands for any characters, upper and lower case are the same.
        request: The requests, by name or by shape; written likewise.
        match: A regular expression that is searched in the request's name too; empty: none.
        stage: The stage of the exchange; empty: any but ``connect``, which is the opening of the connection.
        nth: Which of the requests that match is the first that gets it, from 1; 0: each one gets it.
        count: How many in a row get it from that one on; 0: all.
        name: What they get: a kind or a code of the protocol's errors, a behavior, or a toxic.
        settings: Option values of it.
        test: The tests that it is about, by the name of their mark, written as ``proxy``; the count begins anew with each.
            Empty: it is about the whole run, marks or none.
        session: The session's number in its proxy; 0: any.
        exchange: The exchange's number in its session; 0: any.
    """

    name: str
    proxy: str = '*'
    request: str = '*'
    match: str = ''
    stage: str = ''
    nth: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)] = 1
    count: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)] = 1
    settings: dict[str, Any] = {}
    test: str = ''
    session: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)] = 0
    exchange: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)] = 0


class ProxySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one proxy should be.

    Args:
        name: How the fleet, the seed and the logs know it.
        proxy: Where it listens; port 0 picks one.
        backend: Where it connects to; ``embedded``: the HTTP server inside the process; ``any``: wherever a client asks it to.
        intercept: Of a forward proxy: the hosts whose connections it opens, as ``words.hosts`` reads them.
        protocol: The protocol's name.
        protocol_settings: Values of the protocol's options.
        mix: The behaviors and their weights; empty: dummy alone.
        settings: Configured values of behaviors' options, by behavior and option.
        toxics: The conditions of the wire, in order.
        enabled: Whether it listens; without it no connection lives on.
        accepting: Whether it takes new connections; without it they are refused, and open ones live on.
        timeout: Seconds to connect to the backend, and for a write that a peer does not take.
        stay_connected: False ends a session after ``timeout`` seconds without an event.
        pool_max_size: Idle backend connections kept for reuse.
        pool_timeout: Seconds that they are kept.
        backlog: Connections that the kernel holds before they are accepted.
        max_connections: Sessions at the same time; above it clients are accepted and reset. 0: no limit.
        tls_cert, tls_key: Files in PEM: what is shown to clients where ``proxy`` begins with ``tls://``; empty ``tls_key``: it
            stands in ``tls_cert``.
        tls_client_ca: The file of the authorities that clients' certificates have to be of; empty: clients need none.
        tls_backend_ca: The file of the authorities that the backend's certificate may be of; empty: those of the system.
        tls_backend_cert, tls_backend_key: What is shown to the backend; empty: nothing.
        tls_server_name: Which name the backend is asked for and has to have; empty: the one that the client asks for.
        tls_verify: Whether the backend's certificate is looked at.
        tls_verify_name: Whether it has to have the backend's name; without it is enough that it is of one of the authorities.
        tls_min, tls_max: The least and the greatest version, 1.2 or 1.3; empty: 1.2, and the greatest that there is.
    """

    name: str = 'default'
    proxy: str = 'localhost:8000'
    backend: str = 'localhost:80'
    intercept: str = ''
    protocol: str = 'tcp'
    protocol_settings: dict[str, Any] = {}
    mix: tuple[BehaviorSpec, ...] = ()
    settings: dict[str, dict[str, Any]] = {}
    toxics: tuple[ToxicSpec, ...] = ()
    enabled: bool = True
    accepting: bool = True
    timeout: float = 30.0
    stay_connected: bool = True
    pool_max_size: int = 100
    pool_timeout: float = 30.0
    backlog: int = 8192
    max_connections: int = 0
    tls_cert: str = ''
    tls_key: str = ''
    tls_client_ca: str = ''
    tls_backend_ca: str = ''
    tls_backend_cert: str = ''
    tls_backend_key: str = ''
    tls_server_name: str = ''
    tls_verify: bool = True
    tls_verify_name: bool = True
    tls_min: str = ''
    tls_max: str = ''

    @property
    def listens(self) -> bool:
        """Whether new connections are taken."""
        return self.enabled and self.accepting


#: what a proxy is with ``intercept``, where nothing else is said
FORWARD = {'backend': ANY, 'protocol': INTERCEPTED}


#: what a proxy allows itself: fields of ``ProxySpec``, keys of ``[vaurien]``
LIMITS = ('timeout', 'stay_connected', 'pool_max_size', 'pool_timeout', 'backlog', 'max_connections')
TLS_VERSIONS = '1.2', '1.3'
#: what a proxy does with TLS: fields of ``ProxySpec``, keys of ``[vaurien]``
TLS_FIELDS = ('tls_cert', 'tls_key', 'tls_client_ca', 'tls_backend_ca', 'tls_backend_cert', 'tls_backend_key',
              'tls_server_name', 'tls_verify', 'tls_verify_name', 'tls_min', 'tls_max')
SHARED = (*LIMITS, *TLS_FIELDS)     #: what all proxies of a process have of which nothing else is said
NO_TLS = tuple(getattr(ProxySpec(), name) for name in TLS_FIELDS)


def has_tls(spec: ProxySpec) -> bool:
    """Return whether a spec says anything about TLS."""
    return speaks_tls(spec.proxy) or speaks_tls(spec.backend) or any(
        getattr(spec, name) != default for name, default in zip(TLS_FIELDS, NO_TLS, strict=True))


def tls_sides(spec: ProxySpec) -> tuple[bool, bool, bool]:
    """Return whether a proxy speaks TLS with its clients, and with its backend, and whether it was given a certificate."""
    opened = bool(spec.intercept)   # of a forward proxy: its clients speak TLS with it inside their tunnels
    return opened or speaks_tls(spec.proxy), opened or speaks_tls(spec.backend), bool(spec.tls_cert)


class ProxyDefaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a proxy is made with where nothing else is said of it; for those that are made later, over HTTP.

    Args:
        limits: Values of ``SHARED``; what is missing is as in ``ProxySpec``.
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
        if fields.get('intercept'):
            fields = {**FORWARD, **fields}
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


class ClusterSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which cluster a process follows, and how it is chosen there.

    Args:
        join: Where the cluster is, as ``etcd://HOST:PORT/NAME``; empty: it follows none.
        member: The name of the process in it; empty: that of the machine, and its number there.
        labels: What else it is chosen by.
        ttl: Seconds without etcd after which it heals itself, and which its lease has.
    """

    join: str = ''
    member: str = ''
    labels: dict[str, str] = {}
    ttl: int = 10


class ProcessSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the whole process should be.

    Args:
        proxies: Its proxies, in order; the first is the one of the command line or ``[vaurien]``.
        plan: Failures of certain requests, beside the mixes of the proxies; the first entry that fits a request is applied.
        strict: Whether it ends with another status where an entry of the plan was not applied, or a fault not repeated.
        replay: The journal of an earlier run whose faults are repeated, in place of all mixes; empty: none.
        defaults: What proxies are made with that are made later.
        seed: What all randomness is made from; None: one is chosen and logged.
        workers: Processes that relay; 1: this one alone; 0: one for each core.
        grace: Seconds that sessions may take to end after SIGTERM.
        end_with_parent: Whether it ends at once when standard input ends or the process that started it is gone.
        tls_keylog: The file that the secrets of the proxies' TLS connections are written into; empty: none.
        http: Whether the control server runs.
        http_host: Where it listens.
        http_port: Its port; 0 picks one.
        http_token: What requests must carry as ``Authorization: Bearer``; empty: nothing.
        http_allow: Networks that may connect to it, and names that ``Host`` may have; empty: its own alone.
        http_cert, http_key: Files in PEM: what it shows its clients, and speaks TLS with; empty: it speaks without TLS; empty
            ``http_key``: it stands in ``http_cert``.
        http_times: Whether it tells in ``/metrics`` how long requests took, and each is recorded for that.
        otel: Whether a span is sent for each request that something was injected into.
        otel_all: Whether one is for each other request too.
        otel_url: Where to; empty: as the environment says, or this machine.
        busy: Whether it tells where the time of the event loop goes.
        busy_report: Whether it says so in the end as well.
        toxiproxy: Whether the control server answers unknown paths as Toxiproxy does.
        show: What is written on standard output as it happens: none or faults.
        journal: The file that each exchange is written into; empty: none.
        log_level: critical, error, warning, info or debug.
        log_output: A path; ``-``: standard error.
        statsd: Where counters are sent to.
        cluster: Which cluster it follows.
    """

    proxies: tuple[ProxySpec, ...] = ()
    plan: tuple[FaultSpec, ...] = ()
    strict: bool = False
    replay: str = ''
    defaults: ProxyDefaults = ProxyDefaults()
    seed: int | None = None
    workers: int = 1
    grace: float = 5.0
    end_with_parent: bool = False
    tls_keylog: str = ''
    http: bool = False
    http_host: str = 'localhost'
    http_port: int = 8080
    http_token: str = ''
    http_allow: tuple[str, ...] = ()
    http_cert: str = ''
    http_key: str = ''
    http_times: bool = False
    otel: bool = False
    otel_all: bool = False
    otel_url: str = ''
    busy: bool = False
    busy_report: bool = False
    toxiproxy: bool = False
    show: str = 'faults'
    journal: str = ''
    log_level: str = 'info'
    log_output: str = '-'
    statsd: StatsdSpec = StatsdSpec()
    cluster: ClusterSpec = ClusterSpec()


def check_lengths(spec: ProxySpec) -> None:
    """Refuse a proxy of which something is too long.

    Raises:
        ConfigError: Its name, an address, or the list of its toxics is.
    """
    for field, most, what in (('name', MAX_NAME, 'characters'), ('proxy', MAX_ADDRESS, 'characters'),
                              ('backend', MAX_ADDRESS, 'characters'), ('intercept', MAX_INTERCEPT, 'characters'),
                              ('toxics', MAX_TOXICS, 'toxics')):
        check_count(field, len(getattr(spec, field)), most, what)
    for toxic in spec.toxics:
        check_count('toxic', len(toxic.name), MAX_NAME, 'characters of its name')
