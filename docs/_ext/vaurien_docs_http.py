"""What is made of the control server: its OpenAPI document, the other surfaces, and the metrics."""
import importlib
import inspect
import json
import pkgutil
from typing import Any

from vaurien_docs_text import literal, section, sentence, table

from vaurien import control
from vaurien.control import native
from vaurien.outputs.prometheus import FAMILIES, OTHER_LABELS, FleetCollector
from vaurien.outputs.times import Times
from vaurien.outputs.traces.counts import SpanCounts
from vaurien.proxies.fleet import Fleet

#: refusals that the page tells of once
COMMON = {'400', '401', '403', '405', '408', '413'}


def document() -> dict[str, Any]:
    """Return the OpenAPI document as the server gives it."""
    surface = native.make_surface(Fleet(0))
    route = next(route for route in surface.routes if route.path == '/v1/openapi.json')
    endpoint: Any = route.handle
    found: dict[str, Any] = json.loads(json.dumps(endpoint.args[0].call(None)))
    return found


def routes() -> str:
    """Write all calls of the native surface."""
    pages = []
    for path, methods in document()['paths'].items():
        for method, operation in methods.items():
            pages.append(section(f'{method.upper()} {path}', sentence(operation['summary']), parameters(operation),
                                 body(operation), responses(operation), depth=1))
    return '\n'.join(pages)


def parameters(operation: dict[str, Any]) -> str:
    """Write what stands in the path and in the query."""
    rows = [[literal(found['name']), f'in the {found["in"]}', type_of(found['schema']),
             found.get('description') or found['schema'].get('description', '')] for found in operation['parameters']]
    return table(['parameter', 'where', 'type', 'what it is'], rows) if rows else ''


def body(operation: dict[str, Any]) -> str:
    """Write which body a call takes."""
    if 'requestBody' not in operation:
        return ''
    return f'Body: {type_of(operation["requestBody"]["content"]["application/json"]["schema"])}.'


def responses(operation: dict[str, Any]) -> str:
    """Write the responses of a call."""
    words = []
    for status, response in operation['responses'].items():
        if status.startswith('2'):
            kinds = [f'{type_of(content["schema"])} ({media})' for media, content in response.get('content', {}).items()]
            words.append(f'Response: {status} with {kinds[0]}.' if kinds else f'Response: {status} without a body.')
    more = [f'{status} {response["description"]}' for status, response in operation['responses'].items()
            if not status.startswith('2') and status not in COMMON]
    return ' '.join(words + ([f'Also: {", ".join(more)}.'] if more else []))


def type_of(schema: dict[str, Any]) -> str:
    """Write in words which values a schema takes."""
    if '$ref' in schema:
        name = schema['$ref'].rpartition('/')[2]
        return f':ref:`{name} <schema-{name}>`'
    if 'anyOf' in schema:
        return ' or '.join(type_of(part) for part in schema['anyOf'])
    if schema.get('type') == 'array':
        return f'list of {type_of(schema["items"])}' if schema.get('items') else 'list'
    if 'enum' in schema:
        return ', '.join(literal(value) if value else 'empty' for value in schema['enum'])
    limits = [f'{words} {schema[key]}' for key, words in (('minimum', 'at least'), ('maximum', 'at most')) if key in schema]
    return ' '.join([schema.get('type', 'anything'), *limits])


def schemas() -> str:
    """Write all objects that go over the native surface."""
    return '\n'.join(schema_section(name, schema, name) for name, schema in document()['components']['schemas'].items())


def schema_section(name: str, schema: dict[str, Any], title: str, depth: int = 1) -> str:
    """Write the section of an object, with its keys.

    Args:
        name: What other pages refer to it by.
        schema: Its schema.
        title: The section's title.
        depth: As for ``section``.
    """
    rows = [[literal(key), type_of(found), found.get('description', ''),
             literal(json.dumps(found['default'])) if 'default' in found else '']
            for key, found in schema.get('properties', {}).items()]
    text = schema.get('description', '').split('Args:')[0].strip()
    return section(title, text, table(['key', 'type', 'what it is', 'default'], rows) if rows else '', depth=depth,
                   label=f'schema-{name}')


def surfaces() -> dict[str, Any]:
    """Return the surfaces besides the native one, by the name of their file or folder."""
    found = {}
    for info in pkgutil.iter_modules(control.__path__):
        module = importlib.import_module(f'{control.__name__}.{info.name}{".calls" if info.ispkg else ""}')
        if hasattr(module, 'make_surface') and info.name != 'native':
            found[info.name] = module.make_surface(Fleet(0))
    return found


def further() -> str:
    """Write the calls of each surface that is neither native nor classic."""
    pages = []
    for name in sorted(surfaces().keys() - {'classic'}):
        about = (inspect.getdoc(importlib.import_module(f'{control.__name__}.{name}')) or '').split('. ')[0].split('\n\n')[0]
        pages.append(section(f'Calls of {name}', sentence(about), calls(name)))
    return '\n'.join(pages)


def calls(name: str = 'classic') -> str:
    """Write the calls of a surface besides the native one."""
    rows = []
    for route in surfaces()[name].routes:
        handle = next(part for part in (*getattr(route.handle, 'args', ()), route.handle) if inspect.getdoc(part)
                      and inspect.isroutine(part))
        rows.append([literal(f'{route.method} {route.path}'), (inspect.getdoc(handle) or '').splitlines()[0]])
    return table(['call', 'what it does'], rows)


def metrics() -> str:
    """Write the families of ``/metrics``."""
    fleet = Fleet(0)
    names = {family.name: family for family in FleetCollector(fleet, Times(fleet), SpanCounts()).collect()}
    rows = []
    for name, family in names.items():
        written = f'{name}_{"total" if family.type == "counter" else "info"}' if family.type in ('counter', 'info') else name
        labels = ('proxy', *FAMILIES[name][2]) if name in FAMILIES else OTHER_LABELS[name]
        rows.append([literal(written), family.type, ', '.join(map(literal, labels)), sentence(family.documentation)])
    return table(['name', 'type', 'labels', 'what it counts'], rows)
