"""Findings that are known: a file that ``vaurien explore accept`` writes and ``--accept`` reads. Runs nothing."""
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from ..errors import ConfigError
from .findings import Finding
from .kept import REPORT
from .report.document import Document

VERSION = 1
Kind = TypeVar('Kind', bound=msgspec.Struct)
USAGE = 'vaurien explore accept FILE [REPORT]: what is in REPORT, which --json wrote, or else in the report of the last run here'


class Known(msgspec.Struct, frozen=True):
    """One place of a finding that is known: what ``Found`` says of it, at one site."""

    verdict: str
    proxy: str
    class_: str = msgspec.field(name='class')
    mode: str
    site: str


class Accepted(msgspec.Struct, frozen=True):
    """The file.

    Args:
        version: Of its form: 1.
        findings: What is known.
    """

    version: int
    findings: tuple[Known, ...]


def accept(argv: Sequence[str]) -> int:
    """Write the findings of a report into a file.

    Args:
        argv: The arguments after the word ``accept``.

    Raises:
        ConfigError: There is no such report, or too many arguments.
        OSError: A file cannot be read or written.
    """
    if not 1 <= len(argv) <= 2 or any(word.startswith('-') for word in argv):
        raise ConfigError('explore accept', ' '.join(argv), USAGE)
    path = argv[1] if len(argv) == 2 else str(REPORT)
    if not Path(path).exists():
        raise ConfigError('explore accept', path, 'a report that is there: run vaurien explore first')
    report = read(path, Document, 'explore accept')
    if report.ended == 'baseline' or (report.ended and report.baseline is None):
        raise ConfigError('explore accept', path, 'the report of an exploration that has tried something: that one has none')
    known = [Known(one.verdict, one.proxy, one.class_, one.mode, site) for one in report.findings for site in one.sites]
    data = msgspec.json.format(msgspec.json.encode(Accepted(VERSION, tuple(known))))
    Path(argv[0]).write_bytes(data + b'\n')
    sys.stdout.write(f'{len(known)} known places of {len(report.findings)} findings in {argv[0]}\n')
    return 0


def read(path: str, kind: type[Kind], label: str) -> Kind:
    """Read a file.

    Raises:
        ConfigError: It is not what it should be.
        OSError: It cannot be read.
    """
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise ConfigError(label, path, f'a file that explore has written: {error}') from None


def read_accepted(path: str) -> frozenset[Known]:
    """Return what is known by a file; an empty path: nothing."""
    return frozenset(read(path, Accepted, '--accept').findings) if path else frozenset()


def is_accepted(finding: Finding, known: frozenset[Known]) -> bool:
    """Return whether all places of a finding are known."""
    return all(Known(finding.verdict, finding.proxy, finding.category, finding.mode, site) in known for site in finding.sites)
