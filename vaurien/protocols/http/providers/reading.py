"""Reads a file of kinds. Knows no disk."""
from ....errors import ConfigError
from ....words.tables import Reader, parsed
from .making import Row, rows
from .model import Table

MAX_FILE_BYTES = 1024 * 1024    #: [bytes] of one file
TABLES = Reader(Table)


def read(data: bytes, label: str) -> tuple[Table, dict[str, Row]]:
    """Read a file of kinds.

    Args:
        data: What is in it.
        label: How the user knows it.

    Returns:
        What it says, and its kinds by name.

    Raises:
        ConfigError: It is no TOML, a key is not known, or a value does not fit.
    """
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError('kinds', label, f'a file of at most {MAX_FILE_BYTES} bytes')
    try:
        text = data.decode('utf-8-sig').replace('\r\n', '\n')
    except UnicodeDecodeError as error:
        raise ConfigError('kinds', label, f'text in UTF-8; byte {error.start} is none') from None
    table = TABLES.read(parsed(text, label), label)
    return table, rows(table, label)
