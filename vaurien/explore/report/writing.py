"""Writes what was found into the files that are wished for. Knows their forms by name alone."""
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..findings import Finding, Hit
from .document import Document
from .emitted import emitted, name_of
from .junit import junit
from .page import page
from .sarif import sarif


class Outputs(NamedTuple):
    """Where reports are written; an empty one is not.

    Args:
        json: For programs.
        html: A page for people.
        junit: As JUnit does.
        sarif: As tools that look at source do.
        emit_tests: A folder for tests of pytest.
    """

    json: str = ''
    html: str = ''
    junit: str = ''
    sarif: str = ''
    emit_tests: str = ''

    def write(self, report: Document, tests: Collection[str], command: Sequence[str]) -> None:
        """Write the reports.

        Args:
            report: What was found.
            tests: The tests of the baseline; empty: there is none that holds.
            command: The command.

        Raises:
            OSError: One cannot be written.
        """
        if self.json:
            Path(self.json).write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b'\n')
        if self.junit:
            Path(self.junit).write_text(junit(report, tests), encoding='utf-8')
        if self.html:
            Path(self.html).write_text(page(report), encoding='utf-8')
        if self.sarif:
            document = sarif(report, command, Path.cwd())
            Path(self.sarif).write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b'\n')

    def write_tests(self, findings: Iterable[Finding], options: Sequence[str], command: Callable[[Hit], Sequence[str]]) -> None:
        """Write a test for each finding.

        Args:
            findings: These.
            options: What says on a command line where the backends are, and how long tests may take.
            command: Returns the command with the one test that shows it.

        Raises:
            OSError: One cannot be written.
        """
        if not self.emit_tests:
            return
        folder = Path(self.emit_tests)
        folder.mkdir(parents=True, exist_ok=True)
        for finding in findings:
            content = emitted(finding, options, command, str(folder), os.getcwd())
            (folder / f'test_{name_of(finding)}.py').write_text(content, encoding='utf-8')
