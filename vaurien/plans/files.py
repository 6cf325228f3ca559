"""A plan in a file: TOML, ``[[fault]]`` for each entry, or JSON with the same keys. Knows bytes and the grammar, no disk."""
import os
from typing import Any

import msgspec

from ..errors import ConfigError
from ..options import check_count
from ..options import known as nearest
from ..spec import MAX_PLAN, FaultSpec
from .grammar import make_fault

MAX_ENTRIES = MAX_PLAN
KEYS = ('fault',)


def parse_plan(data: bytes, label: str) -> tuple[FaultSpec, ...]:
    """Read the plan in a file.

    Args:
        data: What is in the file.
        label: The file, as the user knows it; it goes into the message.

    Raises:
        ConfigError: It is neither TOML nor JSON, a key is not known, or a value does not fit.
    """
    tables = read_tables(data, label)
    if not isinstance(tables, dict) or not isinstance(faults := tables.get('fault', []), list):
        raise ConfigError(label, os.path.basename(label), 'tables [[fault]], or JSON: {"fault": [{...}, ...]}')
    for key in tables:
        if key not in KEYS:
            raise ConfigError(label, key, nearest(key, KEYS))
    check_count(label, len(faults), MAX_ENTRIES, 'entries of a plan')
    return tuple(make_fault(fault, f'{label} fault {number}') for number, fault in enumerate(faults, 1))


def read_tables(data: bytes, label: str) -> Any:
    """Read TOML or JSON; JSON begins with a brace, and no TOML does."""
    import tomllib  # most processes have no plan
    try:
        text = data.decode('utf-8-sig').replace('\r\n', '\n')
        return msgspec.json.decode(text) if text.lstrip().startswith('{') else tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(label, data[error.start:error.end], 'a plan in UTF-8') from None
    except (tomllib.TOMLDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(label, str(error), 'TOML with [[fault]] tables, or JSON') from None
