"""Findings as lines of a log that GitHub's runners show at the lines of the tests. Writes nothing itself."""
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..verdicts import FAIL
from .document import Document
from .sarif import located, root_of

VARIABLE, WANTED = 'GITHUB_ACTIONS', 'true'     #: what the environment of such a runner has
#: what a workflow command has no place for, and in its properties two more
ESCAPED = {'%': '%25', '\r': '%0D', '\n': '%0A'}
IN_PROPERTIES = {**ESCAPED, ':': '%3A', ',': '%2C'}


def annotations(report: Document, command: Sequence[str], here: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """Give a line for each place of a finding that is not known; none where no such runner reads them.

    Args:
        report: What was found.
        command: The command.
        here: The folder that it was run in.
        environ: The environment, which says who reads the log.
    """
    if environ.get(VARIABLE) != WANTED:
        return
    where = located(command, here, root_of(here))
    for finding in report.findings:
        for place in finding.places if not finding.accepted else ():
            path, line = where.file(place)
            properties = {'file': path, 'line': str(max(1, line))} if path else {}
            properties['title'] = f'{finding.verdict} ({place.kind} {finding.mode})'
            said = f'{finding.proxy}: {place.site}: {place.detail}, in {place.test}\nagain: {place.again or finding.again}'
            yield (f'::{"error" if finding.level == FAIL else "warning"} '
                   f'{",".join(f"{key}={escaped(value, IN_PROPERTIES)}" for key, value in properties.items())}'
                   f'::{escaped(said, ESCAPED)}')


def escaped(text: str, table: Mapping[str, str]) -> str:
    """Return text without what has a meaning there."""
    return ''.join(table.get(character, character) for character in text)
