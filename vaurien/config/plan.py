"""The plan of a process as a user gives it: ``--fault`` for an entry, ``--plan`` for a file of them. Makes specs."""
import os
from collections.abc import Iterator, Sequence

from ..errors import ConfigError
from ..options import Given
from ..plans.entry import Entry
from ..plans.files import parse_plan
from ..plans.grammar import read_fault
from ..plans.names import check_name
from ..protocols import Protocol
from ..spec import FaultSpec, ProxySpec, tls_sides
from ..words.responses import allow_files
from .arguments import Values
from .files.reading import MAX_FILE_BYTES, Read, check_path
from .settings import PLAN
from .values import label, taken


def read_plan(values: Values, read: Read, proxies: Sequence[ProxySpec]) -> tuple[FaultSpec, ...]:
    """Make the entries of a plan: those of single options, then those of the file.

    Args:
        values: What was given.
        read: Reads a file.
        proxies: The proxies that the process starts with.

    Raises:
        ConfigError: An entry is not of the form that it should have, or no proxy that it is about can apply it.
        OSError: The file cannot be read.
    """
    there = [(spec.name, (Protocol.get(spec.protocol), *tls_sides(spec))) for spec in proxies]
    found = []
    for spec, where in entries(values, read):
        allow_files(spec.settings)
        check_name(spec, there, where)
        Entry(0, spec, where)
        found.append(spec)
    return tuple(found)


def check_replay(values: Values, journal: str, replay: str) -> None:
    """Refuse to write a journal into the one that is repeated.

    Raises:
        ConfigError: It would be.
    """
    check_path(Given(replay, label('replay', values)))
    if journal and os.path.realpath(journal) == os.path.realpath(replay):
        raise ConfigError(label('journal', values), journal, f'another file than that of {label("replay", values)}')


def entries(values: Values, read: Read) -> Iterator[tuple[FaultSpec, str]]:
    """Give the entries, each with what it was given by."""
    given = taken(PLAN, values)
    for text in given['fault']:
        yield read_fault(text, label('fault', values)), label('fault', values)
    if given['plan']:
        from pathlib import Path  # slow to import
        path = check_path(Given(given['plan'], label('plan', values)))
        data = read(Path(path))
        if len(data) > MAX_FILE_BYTES:
            raise ConfigError(f'{label("plan", values)} {path}', f'more than {MAX_FILE_BYTES} bytes', 'a plan')
        for number, spec in enumerate(parse_plan(data, path), 1):
            yield spec, f'{path} fault {number}'
