"""The JSON schemas of what vaurien writes and takes, the same whatever version of msgspec made them."""
import inspect
from collections.abc import Iterable
from typing import Any

import msgspec

DIALECT = 'https://json-schema.org/draft/2020-12/schema'
#: Where a schema of its own says what else it refers to.
WITHIN = '#/$defs/{name}'


def components(kinds: Iterable[Any], ref: str = WITHIN) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the schema of each type, and of all that these refer to, by name.

    Args:
        kinds: The types.
        ref: How a schema refers to another, with ``{name}`` for its name.
    """
    of_kinds, found = msgspec.json.schema_components(kinds, ref_template=ref)
    # msgspec takes the indent away from a docstring as of 0.23, and leaves it before
    return list(of_kinds), {name: {**schema, 'description': inspect.cleandoc(schema['description'])} if 'description' in schema
                            else schema for name, schema in found.items()}


def document(kind: Any, title: str) -> dict[str, Any]:
    """Return the schema of a document of one type."""
    (reference,), found = components((kind,))
    return {'$schema': DIALECT, 'title': title, **reference, '$defs': found}


def lines(kinds: Iterable[type[Any]], title: str) -> dict[str, Any]:
    """Return the schema of a line of a file each of whose lines is of one of the types."""
    references, found = components(kinds)
    return {'$schema': DIALECT, 'title': title, 'oneOf': references, '$defs': found}
