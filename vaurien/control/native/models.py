"""What goes over the native surface, as data: what is read is checked by these, what is written is described by them.

Knows the specs and no live object; ``views`` fills what is written. The docstrings are the descriptions in the OpenAPI document.
"""
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ...proxies.journal import KEPT, Fault
from ...registry import NAME_PATTERN
from ...spec import EMBEDDED, MAX_NAME, BehaviorSpec, ToxicSpec

DEFAULT_LIMIT = 1000  #: entries of a list where the request does not say how many
MAX_SAFE_INTEGER = 2 ** 53 - 1  #: the largest number that every reader of JSON takes as it is

Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME, pattern=f'^{NAME_PATTERN}$',
                           description='How the proxy is addressed, and what the seed knows it by')]
#: what every address looks like; whether a host or a path is one is found out where it is used
ADDRESS = r'(?:tls://)?(?:unix:[\s\S]+|\[[^\[\]]+\]:[0-9]{1,5}|[^\s/@\[\]"\':]*:[0-9]{1,5})'
Listen = Annotated[str, Meta(description='Where it listens: HOST:PORT, [IPV6]:PORT or unix:/PATH; port 0 picks a free one; '
                                         'tls:// before it: clients speak TLS',
                             extra_json_schema={'pattern': f'^({ADDRESS})$', 'examples': ['127.0.0.1:0']})]
Backend = Annotated[str, Meta(description='Where it connects to: HOST:PORT, [IPV6]:PORT, unix:/PATH, or embedded; tls:// before '
                                          'it: the backend speaks TLS',
                              extra_json_schema={'pattern': f'^({EMBEDDED}|{ADDRESS})$', 'examples': ['localhost:80']})]
ToxicName = Annotated[str, Meta(min_length=1, max_length=MAX_NAME, pattern=f'^{NAME_PATTERN}$',
                                description='How the toxic is addressed within its proxy; without it TYPE_STREAM')]
Toxicity = Annotated[float, Meta(ge=0, le=1, description='The share of the sessions that it is active in')]
Attributes = Annotated[dict[str, Any], Meta(description="Values of the toxic's options; what is not given has its default")]
Entries = Annotated[str | list[BehaviorSpec], Meta(description='Behaviors and their weights: a text such as '
                                                               '20:delay,10:error, or a list; what is missing to 100 is dummy')]
Settings = Annotated[dict[str, dict[str, Any]], Meta(description="Values of behaviors' options, by behavior and option")]
Accepting = Annotated[bool, Meta(description='Whether it takes new connections; else they are refused, and open ones live on')]
Seconds = Annotated[float, Meta(ge=0, le=10 ** 6)]
Count = Annotated[int, Meta(ge=0, le=10 ** 6)]
Backlog = Annotated[int, Meta(ge=1, le=65535)]
Limit = Annotated[int, Meta(ge=1, le=KEPT, description='How many entries at the most')]


TlsVersion = Literal['1.2', '1.3']


class Input(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing."""


class Limits(Input):
    """What a proxy allows itself.

    Each is as on the command line.
    """

    timeout: Seconds | UnsetType = UNSET
    stay_connected: bool | UnsetType = UNSET
    pool_max_size: Count | UnsetType = UNSET
    pool_timeout: Seconds | UnsetType = UNSET
    backlog: Backlog | UnsetType = UNSET
    max_connections: Count | UnsetType = UNSET


class TlsFields(Limits):
    """What a proxy does with TLS.

    Each is as on the command line. Files are named there alone: no request names one.
    """

    tls_server_name: str | UnsetType = UNSET
    tls_verify: bool | UnsetType = UNSET
    tls_verify_name: bool | UnsetType = UNSET
    tls_min: TlsVersion | UnsetType = UNSET
    tls_max: TlsVersion | UnsetType = UNSET


class Changes(TlsFields):
    """What a proxy should be from now on; what is not given stays."""

    proxy: Listen | UnsetType = UNSET
    backend: Backend | UnsetType = UNSET
    protocol: str | UnsetType = UNSET
    protocol_settings: dict[str, Any] | UnsetType = UNSET
    mix: Entries | UnsetType = UNSET
    settings: Settings | UnsetType = UNSET
    toxics: list[ToxicSpec] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    accepting: Accepting | UnsetType = UNSET


class NewProxy(Changes, kw_only=True):
    """What a new proxy should be; it listens on a free port of 127.0.0.1 where nothing else is said."""

    name: Name
    backend: Backend
    proxy: Listen = '127.0.0.1:0'


class NewToxic(Input):
    """What a new toxic should be."""

    type: str
    name: ToxicName | UnsetType = UNSET
    stream: Literal['downstream', 'upstream'] = 'downstream'
    toxicity: Toxicity = 1.0
    attributes: Attributes = {}


class ToxicChanges(Input):
    """What a toxic should be from now on; what is not given stays, single attributes too."""

    toxicity: Toxicity | UnsetType = UNSET
    attributes: Attributes = {}


# -- queries

class SessionsPage(Input):
    """A part of a proxy's sessions."""

    limit: Limit = DEFAULT_LIMIT
    after: Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER, description='Only sessions with a higher number')] = 0


class Since(Input):
    """Which faults."""

    since: Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER, description='Only faults with a higher id')] | UnsetType = UNSET
    proxy: Annotated[str, Meta(description='Only faults of the proxy of this name')] | UnsetType = UNSET


class FaultsPage(Since):
    """Which faults, and how many of them: without ``since`` the newest ones."""

    limit: Limit = DEFAULT_LIMIT


# -- responses

class Output(msgspec.Struct):
    """A response."""


class Problem(Output):
    """A request that was refused; nothing has changed.

    ``location`` is where the mistake is: body, query, path, header, or empty; ``name`` is the key there.
    """

    status: int
    error: str
    location: str
    name: str


class FaultCount(Output):
    """How often a fault was injected; ``kind`` is empty for behaviors that have no kinds."""

    behavior: str
    kind: str
    count: int


class Stats(Output):
    """What a proxy has counted since it was made; bytes and exchanges are live."""

    sessions: int
    accepted: int
    refused: int
    exchanges: int
    from_client: int
    from_backend: int
    backend_errors: int
    handler_errors: int
    accept_errors: int
    faults: int
    faults_by: list[FaultCount]


class Use(Output):
    """What an entry of a mix has come to.

    ``settings`` is what it was told; ``current``: it is in the mix now. It was ``chosen`` for so many requests; in the names of
    ``unmatched`` of them its ``match`` is not found; ``applied`` faults came of it. ``names`` are some of the first requests that
    it was chosen for, until it was applied.
    """

    number: int
    behavior: str
    percent: float
    settings: dict[str, Any]
    current: bool
    chosen: int
    unmatched: int
    applied: int
    names: list[str]


class Unread(Output):
    """Sessions that are relayed unread for a reason, all of them since the proxy was made, and those that are open."""

    reason: str
    sessions: int
    open: int


class Proxy(Output):
    """A proxy.

    ``proxy`` is where it was told to listen, ``address`` where it does; ``behavior`` is the mix as text; ``settings`` are the
    configured values of behaviors' options, which the entries of ``mix`` go before. ``uses`` and ``unread`` tell why a fault
    that was asked for is not applied.
    """

    name: str
    proxy: str
    address: str
    backend: str
    protocol: str
    protocol_settings: dict[str, Any]
    behavior: str
    mix: list[BehaviorSpec]
    settings: dict[str, dict[str, Any]]
    toxics: list[ToxicSpec]
    enabled: bool
    accepting: bool
    timeout: float
    stay_connected: bool
    pool_max_size: int
    pool_timeout: float
    backlog: int
    max_connections: int
    tls_cert: str
    tls_key: str
    tls_client_ca: str
    tls_backend_ca: str
    tls_backend_cert: str
    tls_backend_key: str
    tls_server_name: str
    tls_verify: bool
    tls_verify_name: bool
    tls_min: str
    tls_max: str
    stats: Stats
    uses: list[Use]
    unread: list[Unread]


class Proxies(Output):
    """All proxies, in the order they were made in."""

    proxies: list[Proxy]


class WornToxics(Output):
    """The toxics of a proxy, in the order that bytes pass them in their direction."""

    toxics: list[ToxicSpec]


class Session(Output):
    """A session; ``behavior`` is applied to the exchange under way, ``request`` its name, both empty where there is none."""

    number: int
    client: str
    backend: str
    age: float
    from_client: int
    from_backend: int
    exchanges: int
    behavior: str
    request: str


class Sessions(Output):
    """Sessions of a proxy by number, and how many there are in all."""

    sessions: list[Session]
    total: int


class Killed(Output):
    """How many sessions were ended."""

    killed: int


class Faults(Output):
    """Injected faults, oldest first; ``last`` is the id of the newest one of the process, ``kept`` how many are remembered."""

    faults: list[Fault]
    last: int
    kept: int


class ProxyStats(Stats):
    """What a proxy has counted, and its name."""

    proxy: str


class AllStats(Output):
    """What all proxies have counted."""

    proxies: list[ProxyStats]


class Version(Output):
    """The version of vaurien."""

    version: str


class Seed(Output):
    """What all randomness is made from: the same one repeats the same faults."""

    seed: int


class Health(Output):
    """The process lives."""

    status: str
    proxies: int
    sessions: int
