"""What vaurien itself can be told: the one table for the command line, the INI file and the docs.

Knows no plugin; names of protocols and behaviors are taken as they come.
"""
import re
from collections.abc import Callable
from typing import Any

from ..address import CONNECTING, LISTENING, TOKEN_VARIABLE, join, parse_address, parse_backend, written
from ..clusters.where import FORM as CLUSTERS
from ..clusters.where import NAMES
from ..links import LINKS
from ..mix import FORM as MIX
from ..options import Bounded, Option, read_lines
from ..plans.grammar import FORM as FAULT
from ..spec import ANY, EMBEDDED, MAX_WORKERS, TLS_VERSIONS, ProcessSpec, ProxySpec, read_mix
from ..words.allowed import FORM as ALLOWED
from ..words.allowed import read_allowed
from ..words.hosts import FORM as INTERCEPTING
from ..words.hosts import settle_hosts
from ..words.toxics import TOXIC

#: how a toxic is written
SHOWN = ('none', 'faults', 'requests')
#: a collector on this machine, and where it takes spans: the defaults of OTLP over HTTP
COLLECTOR, SPANS_PATH = 'http://localhost:4318', '/v1/traces'
#: the URLs that a collector may have; secrets do not belong into one, since the log says where spans do not arrive
COLLECTORS = re.compile(r'https?://(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>(?:/[^\s?#]*)?)', re.ASCII)
OTEL_EXTRA = 'vaurien[otel]'
LEVELS = ('critical', 'error', 'warning', 'info', 'debug')


class Text:
    """A type of option that is written as text.

    Args:
        metavar: What stands for it in ``--help``.
        expected: What it takes, in words.
        read: Makes the value of the text; raises ``ValueError`` where it cannot.
    """

    def __init__(self, metavar: str, expected: str, read: Callable[[str], Any]) -> None:
        self.metavar, self.expected, self._read = metavar, expected, read

    def __call__(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(value)
        return self._read(value)


def read_backend(text: str) -> str:
    """Check where to connect to, and write it in its one form."""
    return text if text in (ANY, EMBEDDED) else written(text, parse_backend(text))


def read_listen(text: str) -> str:
    """Check where to listen, and write it in its one form."""
    return written(text, parse_address(text, tls=True))


def read_host(text: str) -> str:
    """Check a host's name or address, and take off the brackets of IPv6."""
    host = parse_address(join(text, 0)).host
    if not host:
        raise ValueError(text)
    return host


def read_version(text: str) -> str:
    """Check a version of TLS; empty: any."""
    if text and text not in TLS_VERSIONS:
        raise ValueError(text)
    return text


def read_url(text: str) -> str:
    """Check the URL of a collector, and write it with its path; empty: none."""
    found = COLLECTORS.fullmatch(text)
    if text and (found is None or not 0 < int(found['port'] or 80) < 65536):
        raise ValueError(text)
    return text if found is None or len(found['path']) > 1 else text.removesuffix('/') + SPANS_PATH


LISTEN = Text('HOST:PORT', LISTENING, read_listen)
CONNECT = Text('HOST:PORT', f'{CONNECTING}, {EMBEDDED}, or {ANY}', read_backend)
HOSTS = Text('HOST[:PORT],...', INTERCEPTING, settle_hosts)
NAME = Text('NAME', 'a name', str)
BEHAVIORS = Text('MIX', MIX, read_mix)
HOST = Text('HOST', 'a host name or an address', read_host)
ALLOW = Text('CIDR|HOST,...', ALLOWED, read_allowed)
TOXICS = Text('TOXIC', TOXIC, read_lines)
FAULTS = Text('FAULT', FAULT, read_lines)
MODULES = Text('MODULE', 'names of modules', read_lines)
PATH = Text('FILE', 'a path, or - for standard error', str)
FILE = Text('FILE', 'the path of a file', str)
FILES = Text('FILE', 'paths of files', read_lines)
URL = Text('URL', f'such as {COLLECTOR}, with no name, password or query in it', read_url)
VERSION = Text('VERSION', f'one of {", ".join(TLS_VERSIONS)}', read_version)
LEVEL = Text('LEVEL', f'one of {", ".join(LEVELS)}', str.lower)
Port = Bounded(int, 0, 65535)
Seconds = Bounded(float, 0)

PROXY_DEFAULTS, PROCESS_DEFAULTS = ProxySpec(), ProcessSpec()   # their fields' defaults

#: what one proxy can be told: ``[vaurien]`` and the command line, ``[proxy:NAME]``
PROXY: dict[str, Option] = {
    'proxy': Option("Where to listen; port 0 picks a free one; also unix:/path; tls:// before it: clients speak TLS",
                    LISTEN, PROXY_DEFAULTS.proxy),
    'backend': Option(f"Where to connect to; also unix:/path, or {EMBEDDED}: a small HTTP server inside vaurien; "
                      "tls:// before it: the backend speaks TLS",
                      CONNECT, PROXY_DEFAULTS.backend),
    'intercept': Option("Be a forward proxy, which programs are told of by HTTPS_PROXY, and open what they send to these hosts, "
                        "which is http; without a port: at 80 and 443; an asterisk: all names that end so; =ADDRESS: where it is",
                        HOSTS, PROXY_DEFAULTS.intercept),
    'protocol': Option("What client and backend speak", NAME, PROXY_DEFAULTS.protocol),
    'behavior': Option("What goes wrong, and for which percentage: percent:name[,percent:name...]; "
                       "what is missing to 100 is dummy", BEHAVIORS, '100:dummy'),
    'timeout': Option("Seconds to connect to the backend, and for a write that a peer does not take; 0: no limit",
                      Seconds, PROXY_DEFAULTS.timeout),
    'stay_connected': Option("Leave idle connections open; off ends a session after --timeout seconds without an event",
                             bool, PROXY_DEFAULTS.stay_connected),
    'pool_max_size': Option("Idle backend connections that are kept for reuse", Bounded(int, 0), PROXY_DEFAULTS.pool_max_size),
    'pool_timeout': Option("Seconds that an idle backend connection is kept", Seconds, PROXY_DEFAULTS.pool_timeout),
    'backlog': Option("Connections that the system holds before they are accepted",
                      Bounded(int, 1, 65535), PROXY_DEFAULTS.backlog),
    'max_connections': Option("Sessions at the same time; more clients are reset; 0: no limit",
                              Bounded(int, 0), PROXY_DEFAULTS.max_connections),
    'toxic': Option(f"A condition of the wire: {TOXIC}; may be repeated; also the name of a section [toxic:NAME]", TOXICS, ''),
    'link': Option("The wire is like this link: its latency, jitter, bandwidth and loss", NAME, None, tuple(LINKS)),
    'bufsize': Option("Bytes of one read: the option buffer of the protocol", Bounded(int, 1), None),
}
#: what one proxy can be told of TLS: ``[vaurien]`` and the command line, ``[proxy:NAME]``
TLS: dict[str, Option] = {
    'tls_cert': Option("The certificate that clients are shown, in PEM, with those between it and its root after it",
                       FILE, PROXY_DEFAULTS.tls_cert),
    'tls_key': Option("Its private key, in PEM; not needed where it stands in the file of --tls-cert",
                      FILE, PROXY_DEFAULTS.tls_key),
    'tls_client_ca': Option("Clients have to show a certificate of these authorities, in PEM",
                            FILE, PROXY_DEFAULTS.tls_client_ca),
    'tls_backend_ca': Option("The authorities that the backend's certificate may be of, in PEM; else those of the system",
                             FILE, PROXY_DEFAULTS.tls_backend_ca),
    'tls_backend_cert': Option("The certificate that the backend is shown, in PEM", FILE, PROXY_DEFAULTS.tls_backend_cert),
    'tls_backend_key': Option("Its private key, in PEM; not needed where it stands in the file of --tls-backend-cert",
                              FILE, PROXY_DEFAULTS.tls_backend_key),
    'tls_server_name': Option("The name that the backend is asked for, and that its certificate must have; else the one "
                              "that the client asks for, or the backend's host", Text('HOST', 'a name of a host', str),
                              PROXY_DEFAULTS.tls_server_name),
    'tls_verify': Option("Verify the backend's certificate", bool, PROXY_DEFAULTS.tls_verify),
    'tls_verify_name': Option("Let its certificate have the backend's name; else it need only be of one of the authorities",
                              bool, PROXY_DEFAULTS.tls_verify_name),
    'tls_min': Option("The least version of TLS; else 1.2", VERSION, PROXY_DEFAULTS.tls_min),
    'tls_max': Option("The greatest version of TLS; else the greatest that there is", VERSION, PROXY_DEFAULTS.tls_max),
}
#: what the process can be told of TLS: ``[vaurien]`` and the command line
SECRETS: dict[str, Option] = {
    'tls_keylog': Option("A file that the secrets of all TLS connections of the proxies are written into, so that Wireshark can "
                         "read them; who reads it can too", FILE, PROCESS_DEFAULTS.tls_keylog),
}
#: what the process can be told: ``[vaurien]`` and the command line
PROCESS: dict[str, Option] = {
    'fleet_only': Option("Start without the proxy of the command line and [vaurien]; those of [proxy:NAME] alone",
                         bool, False),
    'populate': Option("A JSON list of proxies to start too, with name, listen, upstream and enabled, as Toxiproxy has it",
                       FILE, ''),
    'toxiproxy': Option("Short for --fleet-only --http --http-host localhost --http-port 8474; flags beside it win", bool, False),
    'plugin': Option("A module, also of the current directory, that registers protocols, behaviors or toxics; may be repeated",
                     MODULES, ''),
    'kinds': Option("A file of kinds of error for http and grpc, in TOML; may be repeated", FILES, ''),
    'seed': Option("An integer that all randomness is made from: the same one repeats the same faults",
                   Bounded(int, 0), PROCESS_DEFAULTS.seed),
    'workers': Option("Processes that relay, each with its share of the connections; 1: this one alone; 0: one for each core",
                      Bounded(int, 0, MAX_WORKERS), PROCESS_DEFAULTS.workers),
    'grace': Option("Seconds that sessions may take to end after SIGTERM or SIGINT", Seconds, PROCESS_DEFAULTS.grace),
    'end_with_parent': Option("End at once when standard input ends, or the process that started this one is gone",
                              bool, PROCESS_DEFAULTS.end_with_parent),
    'sync': Option("Has no effect; accepted because vaurien 1.x had it", bool, False),
}
PLAN: dict[str, Option] = {
    'fault': Option(f"Exactly this failure of exactly these requests: {FAULT}; may be repeated", FAULTS, ''),
    'plan': Option("A file of such entries: TOML with a table [[fault]] for each, or JSON", FILE, ''),
    'replay': Option("The journal of an earlier run: the same requests get the same faults again, in place of what --behavior "
                     "says", FILE, PROCESS_DEFAULTS.replay),
    'strict': Option("End with status 3 where an entry of the plan was applied to no request, or a fault of --replay was not "
                     "repeated", bool, PROCESS_DEFAULTS.strict),
}
JOURNAL: dict[str, Option] = {
    'journal': Option("A file that each request is written into, with how it was answered and the fault if there was one: "
                      "JSON, a line each", FILE, PROCESS_DEFAULTS.journal),
}
BUSY: dict[str, Option] = {
    'busy': Option("Tell in /metrics, GET /v1/busy and vaurienctl busy where the time of the event loop goes: by proxies, "
                   "protocols, behaviors and toxics", bool, PROCESS_DEFAULTS.busy),
    'busy_report': Option("Tell that in the end too, on standard output; --busy is implied", bool, PROCESS_DEFAULTS.busy_report),
}
CONTROL: dict[str, Option] = {
    'http': Option("Run the control server", bool, PROCESS_DEFAULTS.http),
    'http_host': Option("Where it listens", HOST, PROCESS_DEFAULTS.http_host),
    'http_port': Option("Its port; 0 picks a free one", Port, PROCESS_DEFAULTS.http_port),
    'http_token': Option(f"What requests must carry as Authorization: Bearer TOKEN; also taken from {TOKEN_VARIABLE}",
                         Text('TOKEN', 'text', str), PROCESS_DEFAULTS.http_token),
    'http_allow': Option("Networks that may connect to it, also without a token, and names by which it may be asked: "
                         "172.16.0.0/12,toxiproxy", ALLOW, ''),
    'http_cert': Option("The certificate that it shows, in PEM, with those between it and its root after it; with it the server "
                        "speaks TLS", FILE, PROCESS_DEFAULTS.http_cert),
    'http_key': Option("Its private key, in PEM; not needed where it stands in the file of --http-cert",
                       FILE, PROCESS_DEFAULTS.http_key),
    'http_times': Option("Tell in /metrics how long requests took, as histograms; each of them is recorded then",
                         bool, PROCESS_DEFAULTS.http_times),
}
OTEL: dict[str, Option] = {
    'otel': Option("Send a span of OpenTelemetry for each request that something was injected into, by OTLP over HTTP, as "
                   f"OTEL_EXPORTER_OTLP_ENDPOINT and its like say; it needs the extra {OTEL_EXTRA}", bool, PROCESS_DEFAULTS.otel),
    'otel_all': Option("Send one for every other request too", bool, PROCESS_DEFAULTS.otel_all),
    'otel_url': Option("Where to, in place of OTEL_EXPORTER_OTLP_ENDPOINT; without a path at /v1/traces",
                       URL, PROCESS_DEFAULTS.otel_url),
}
SHOWING: dict[str, Option] = {
    'show': Option("What is written as it happens, a line each", Text('WHAT', f'one of {", ".join(SHOWN)}', str),
                   PROCESS_DEFAULTS.show, SHOWN),
    'quiet': Option("Short for --show none", bool, False),
}
LOGGING: dict[str, Option] = {
    'log_level': Option("The least that is logged", LEVEL, PROCESS_DEFAULTS.log_level, LEVELS),
    'log_output': Option("A file; - is standard error", PATH, PROCESS_DEFAULTS.log_output),
}
#: the least and the most that a cluster's TTL may be; etcd knows no shorter one
MIN_TTL, MAX_TTL = 2, 3600
CLUSTER: dict[str, Option] = {
    'join': Option("Follow a cluster: faults that are asked for in its etcd are in force here for as long as its owner is there",
                   Text('URL', CLUSTERS, str), PROCESS_DEFAULTS.cluster.join),
    'member': Option("The name of this process in the cluster; else that of the machine, and the number of the process",
                     Text('NAME', NAMES, str), PROCESS_DEFAULTS.cluster.member),
    'label': Option("What it is chosen by in the cluster, such as zone=a; may be repeated",
                    Text('KEY=VALUE', 'KEY=VALUE', read_lines), ''),
    'cluster_ttl': Option("Seconds without etcd after which all faults are suspended",
                          Bounded(int, MIN_TTL, MAX_TTL), PROCESS_DEFAULTS.cluster.ttl),
}
#: what ``toxiproxy`` stands for
AS_TOXIPROXY: dict[str, str | bool] = {'fleet_only': True, 'http': True, 'http_host': 'localhost', 'http_port': '8474'}
#: the section ``[statsd]``
STATSD: dict[str, Option] = {
    'statsd.enabled': Option("Send counters to statsd", bool, PROCESS_DEFAULTS.statsd.enabled),
    'statsd.host': Option("Where statsd is", HOST, PROCESS_DEFAULTS.statsd.host),
    'statsd.port': Option("Its UDP port", Bounded(int, 1, 65535), PROCESS_DEFAULTS.statsd.port),
    'statsd.prefix': Option("What the counters' names begin with", str, PROCESS_DEFAULTS.statsd.prefix),
    'statsd.sample_rate': Option("The share of the counts that is sent", Bounded(float, 0, 1),
                                 PROCESS_DEFAULTS.statsd.sample_rate),
}
#: by their heading in ``--help``
GROUPS: dict[str, dict[str, Option]] = {
    'the proxy': PROXY, 'TLS': {**TLS, **SECRETS}, 'the plan': PLAN, 'the journal': JOURNAL, 'the process': PROCESS,
    'where the time goes': BUSY, 'the control server': CONTROL, 'the cluster': CLUSTER, 'OpenTelemetry': OTEL,
    'standard output': SHOWING, 'the log': LOGGING, 'statsd': STATSD,
}
#: the keys of the section ``[vaurien]``; the flags are these and those of ``[statsd]``
VAURIEN: dict[str, Option] = {
    **PROXY, **TLS, **SECRETS, **PLAN, **JOURNAL, **PROCESS, **BUSY, **CONTROL, **CLUSTER, **OTEL, **SHOWING, **LOGGING}


def flag_of(key: str) -> str:
    """Name a setting on the command line: ``--http-port``, ``--statsd-host``, ``--statsd`` itself."""
    return '--' + key.removesuffix('.enabled').replace('.', '-').replace('_', '-')
