"""What the span of an exchange says: pure functions of records. Knows no collector, and nothing of the SDK that makes spans.

Of a request it says the shape alone, in which what differs from one request to the next is masked: names hold keys and values.
"""
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from ...address import parse_backend
from ...errors import ConfigError
from ...protocols.http.headers import BARE_STREAM, CALL, KEYED_STREAM, RECEIVED, SENT, STREAM, UPGRADE_STREAM
from ...protocols.http.shapes import shape
from ...proxies.journal import Fault
from ...relay.recording.records import CUT, WELL, Exchanged
from ...words.console import escaped

Value = str | int | float | bool
Attributes = dict[str, Value]

MAX_SPAN_NAME: Final = 100      #: [characters] of a request's shape that are a span's name; all of it is an attribute
CUT_OFF: Final = 'cut off'      #: what an exchange has met whose connection ended before its answer was complete
#: methods that the conventions of OpenTelemetry know; any other is ``OTHER_METHOD``
METHODS: Final = frozenset(('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY'))
OTHER_METHOD: Final = '_OTHER'
#: what the conventions call those that are databases
DATABASES: Final = {'mysql': 'mysql', 'postgres': 'postgresql', 'redis': 'redis', 'memcache': 'memcached'}
OF_HTTP_2: Final = frozenset((STREAM, KEYED_STREAM, BARE_STREAM, UPGRADE_STREAM, CALL))
NANOSECONDS: Final = 1_000_000_000     #: in a second


class Done(NamedTuple):
    """An exchange that is over, and what is known beside its record.

    Args:
        exchanged: Its record.
        fault: What was injected into it; None: nothing, or it is not known any more.
        protocol, backend: Those of its proxy; empty: that has gone.
        scenario: The name of the scenario that was played; empty: none was.
    """

    exchanged: Exchanged
    fault: Fault | None = None
    protocol: str = ''
    backend: str = ''
    scenario: str = ''


def times_of(exchanged: Exchanged) -> tuple[int, int]:
    """Return when an exchange began and ended [ns since 1970]."""
    return int(exchanged.time * NANOSECONDS), int((exchanged.time + max(exchanged.seconds, 0.0)) * NANOSECONDS)


def name_of(done: Done) -> str:
    """Return the name of a span: the beginning of the request's shape, or the protocol where that knows no requests."""
    return escaped(done.exchanged.shape[:MAX_SPAN_NAME]) or done.protocol or done.exchanged.proxy


def error_of(exchanged: Exchanged) -> str:
    """Return what has gone wrong with an exchange; empty: nothing.

    A response of HTTP from 400 to 499 says that the client has made a mistake, as long as nothing was injected.
    """
    clients = exchanged.answer == exchanged.code and exchanged.answer.startswith('4')
    if exchanged.answer in WELL or clients and not exchanged.fault:
        return ''
    return CUT_OFF if exchanged.answer == CUT else escaped(exchanged.answer)


def attributes_of(done: Done) -> Attributes:
    """Return the attributes of a span; those whose value would be empty are missing."""
    exchanged, fault = done.exchanged, done.fault
    behavior, _, kind = exchanged.fault.partition('/')
    found: Attributes = {
        'vaurien.proxy': exchanged.proxy, 'vaurien.protocol': done.protocol, 'vaurien.backend': done.backend,
        'vaurien.session': exchanged.session, 'vaurien.exchange': exchanged.number,
        'vaurien.request.shape': exchanged.shape, 'vaurien.request.stage': exchanged.stage,
        'vaurien.request.size': exchanged.sent, 'vaurien.response.size': exchanged.received,
        'vaurien.response.answer': CUT_OFF if exchanged.answer == CUT else exchanged.answer,
        'vaurien.response.code': exchanged.code,
        'vaurien.fault.behavior': behavior, 'vaurien.fault.kind': kind,
        'vaurien.fault.id': fault.id if fault is not None else '',
        'vaurien.plan.entry': fault.plan if fault is not None and fault.plan else '',
        'vaurien.scenario': done.scenario, 'test.case.name': exchanged.test, 'error.type': error_of(exchanged),
        **backend_of(done.backend), **OF_PROTOCOL.get(done.protocol, of_other)(exchanged, done.protocol),
    }
    return {key: escaped(value) if isinstance(value, str) else value for key, value in found.items() if value != ''}


@lru_cache(256)
def backend_of(backend: str) -> Attributes:
    """Return where a backend is; nothing where it is no address."""
    try:
        host, port = parse_backend(backend)
    except ConfigError:
        return {}
    return {'server.address': host} if port is None else {'server.address': host, 'server.port': port}


# -- by protocol, as the semantic conventions of OpenTelemetry name them

def of_http(exchanged: Exchanged, protocol: str) -> Attributes:
    """Return what is said of a request of HTTP, a call of gRPC, or a message of WebSocket."""
    code: Value = int(exchanged.code) if exchanged.code.isdecimal() and exchanged.code.isascii() else ''
    version = '2' if exchanged.stage in OF_HTTP_2 else ''
    if exchanged.stage in (SENT, RECEIVED):
        return {'network.protocol.name': 'websocket'}
    if exchanged.stage == CALL:
        service, _, method = exchanged.shape.lstrip('/').rpartition('/')
        return {'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method, 'rpc.grpc.status_code': code,
                'network.protocol.name': 'http', 'network.protocol.version': version}
    method, _, route = shape(exchanged.name.partition('?')[0]).partition(' ')
    return {'http.request.method': method if method in METHODS else OTHER_METHOD if method else '', 'http.route': route,
            'http.response.status_code': code, 'network.protocol.name': 'http', 'network.protocol.version': version}


def of_database(exchanged: Exchanged, protocol: str) -> Attributes:
    """Return what is said of a statement or a command."""
    return {'db.system.name': DATABASES[protocol], 'db.operation.name': exchanged.shape.partition(' ')[0],
            'db.query.text': exchanged.shape, 'db.response.status_code': error_of(exchanged).replace(CUT_OFF, '')}


def of_other(exchanged: Exchanged, protocol: str) -> Attributes:
    """Return what is said of what any other protocol carries."""
    return {'network.protocol.name': protocol} if protocol != 'tcp' else {}


OF_PROTOCOL: Final[dict[str, Callable[[Exchanged, str], Attributes]]] = {
    'http': of_http, 'grpc': of_http, **dict.fromkeys(DATABASES, of_database)}
