"""The OpenAPI document, made of the table of calls and of the structs that check requests. Knows no call by name."""
import inspect
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from ... import __version__
from ...behaviors import Behavior
from ...protocols import Protocol
from ...proxies.journal import Fault
from ...registry import Registry
from ...toxics import TOXICS
from ...words.schemas import components as described
from ..surface import JSON
from . import models
from .endpoint import Endpoint, Media

OPENAPI = '3.1.0'
REF = '#/components/schemas/{name}'
#: statuses of refusals that every call has: malformed, without the token, under a foreign name, for the wrong method, too large
ALWAYS = (400, 401, 403, 405, 413)
CAPTURED = re.compile(r'\{(\w+)(?::int)?\}')
#: statuses of what is refused before it is looked at: a long path, large header fields
EARLY = (414, 431)
#: where names of plugins stand; known are those that were registered when the server started
PLUGINS: tuple[tuple[str, str, Registry[Any]], ...] = (
    ('NewProxy', 'protocol', Protocol), ('Changes', 'protocol', Protocol), ('BehaviorSpec', 'name', Behavior),
    ('ToxicSpec', 'type', TOXICS), ('NewToxic', 'type', TOXICS))
#: what stands in paths
PATH: dict[str, dict[str, Any]] = {
    'proxy': {'schema': {'type': 'string', 'minLength': 1}, 'description': 'The name of a proxy'},
    'toxic': {'schema': {'type': 'string', 'minLength': 1}, 'description': 'The name of a toxic of the proxy'},
    'entry': {'schema': {'type': 'integer', 'minimum': 0}, 'description': 'The id of an entry of the plan'},
    'number': {'schema': {'type': 'integer', 'minimum': 0}, 'description': 'The number of a session in its proxy'},
}


def document(endpoints: Iterable[Endpoint], secured: bool) -> dict[str, Any]:
    """Make the document.

    Args:
        endpoints: The calls.
        secured: Whether requests need a token.
    """
    endpoints = tuple(endpoints)
    schemas = components(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(CAPTURED.sub(r'{\1}', endpoint.path), {})[endpoint.method.lower()] = operation(endpoint, schemas)
    result: dict[str, Any] = {
        'openapi': OPENAPI,
        'info': {'title': 'vaurien', 'version': __version__, 'description': 'Steers a chaos proxy and its faults.',
                 'license': {'name': 'Apache 2.0', 'identifier': 'Apache-2.0'}},
        'paths': paths,
        'components': {'schemas': schemas},
    }
    if secured:
        result['components']['securitySchemes'] = {'token': {'type': 'http', 'scheme': 'bearer'}}
        result['security'] = [{'token': []}]
    return result


def components(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the schemas of all structs that the calls name."""
    named = [kind for endpoint in endpoints for kind in (endpoint.query, endpoint.body, endpoint.response)]
    types: list[Any] = sorted({*filter(is_struct, named), models.Problem, Fault}, key=lambda kind: kind.__name__)
    _, schemas = described(types, REF)
    for name, key, registry in PLUGINS:
        if name in schemas:
            schemas[name]['properties'][key] = {**schemas[name]['properties'][key], 'enum': registry.names()}
    return schemas


def is_struct(kind: Any) -> bool:
    """Return whether a type is a struct with a name of its own."""
    return inspect.isclass(kind) and issubclass(kind, msgspec.Struct)


def operation(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    """Describe one call."""
    result: dict[str, Any] = {
        'operationId': endpoint.call.__name__ if endpoint.call.__name__.isidentifier() else 'openapi',
        'summary': endpoint.summary,
        'parameters': [*captured(endpoint), *queried(endpoint, schemas)],
        'responses': {str(endpoint.status): success(endpoint), **{str(status): refused(status) for status in statuses(endpoint)},
                      **{str(status): {'description': HTTPStatus(status).phrase} for status in EARLY}},
    }
    if endpoint.body is not None:
        schema = {'$ref': REF.format(name=endpoint.body.__name__)}
        result['requestBody'] = {'required': True, 'content': {JSON: {'schema': schema}}}
    return result


def statuses(endpoint: Endpoint) -> list[int]:
    """Return the statuses of the refusals of a call."""
    own = {*ALWAYS, *endpoint.errors}
    if '{' in endpoint.path:
        own.add(404)
    if endpoint.body is not None:
        own.add(408)
    return sorted(own)


def captured(endpoint: Endpoint) -> list[dict[str, Any]]:
    """Describe what stands in a path."""
    return [{'name': name, 'in': 'path', 'required': True, **PATH[name]} for name in CAPTURED.findall(endpoint.path)]


def queried(endpoint: Endpoint, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    """Describe what a query may hold."""
    properties = schemas[endpoint.query.__name__]['properties']
    return [{'name': name, 'in': 'query', 'required': False, 'schema': schema} for name, schema in properties.items()]


def success(endpoint: Endpoint) -> dict[str, Any]:
    """Describe the response of a call that is done."""
    described: dict[str, Any] = {'description': HTTPStatus(endpoint.status).phrase}
    if not isinstance(endpoint.response, Media):
        schema = {'$ref': REF.format(name=endpoint.response.__name__)} if is_struct(endpoint.response) else {'type': 'object'}
        described['content'] = {JSON: {'schema': schema}}
    elif endpoint.response.type:
        described['content'] = {endpoint.response.type: {'schema': {'type': 'string'}}}
    return described


def refused(status: int) -> dict[str, Any]:
    """Describe the response of a call that is refused."""
    return {'description': HTTPStatus(status).phrase,
            'content': {JSON: {'schema': {'$ref': REF.format(name=models.Problem.__name__)}}}}
