"""From a file to a ``Scenario``: what is wrong with it is one line with the place, what is allowed, and what was meant.

Knows the model, and nothing of what its names stand for.
"""
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from ..tables import Reader, parsed
from .model import Scenario

MAX_FILE_BYTES = 1024 * 1024    #: [bytes] of one file
SCENARIOS = Reader(Scenario)


def read_file(path: str) -> Scenario:
    """Read a scenario's file.

    Raises:
        ConfigError: It is no TOML, a key is not known, or a value does not fit.
        OSError: It cannot be read.
    """
    return read_data(read_tables(path), path)


def read_tables(path: str) -> dict[str, Any]:
    """Read the tables of a scenario's file, whatever stands in them.

    Raises:
        ConfigError: It is no TOML.
        OSError: It cannot be read.
    """
    with Path(path).open('rb') as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError('scenario', path, f'a file of at most {MAX_FILE_BYTES} bytes')
    try:
        return parsed(data.decode(), path)
    except UnicodeDecodeError as error:
        raise ConfigError('scenario', path, f'text in UTF-8; byte {error.start} is none') from None


def read_text(text: str, label: str) -> Scenario:
    """Read a scenario.

    Args:
        text: What stands in its file.
        label: How the user knows the file.

    Raises:
        ConfigError: As for ``read_file``.
    """
    return read_data(parsed(text, label), label)


def read_data(data: Mapping[str, Any], label: str) -> Scenario:
    """Make a scenario of what TOML or JSON gives.

    Raises:
        ConfigError: As for ``read_file``.
    """
    return SCENARIOS.read(data, label)
