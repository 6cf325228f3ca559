"""Tests of pytest that hold what was found: each fails as long as explore finds the same there. Writes no file."""
import os
import re
from collections.abc import Callable, Sequence

from ..findings import Finding, Hit
from ..verdicts import VERDICTS

TEXT = """\
\"\"\"{verdict}: {sentence}.

Written by vaurien explore, which found it by class {category} at the requests below. It passes once that is mended.
\"\"\"
import json
import subprocess
import sys
from pathlib import Path

import pytest

#: the folder that the command was run in
FOLDER = Path(__file__).parent / {folder!r}
#: requests, and the command with the one test that makes them
CASES = [
{cases}]


@pytest.mark.parametrize('request_, command', CASES)
def test_{name}(request_, command, tmp_path):
    report = tmp_path / 'report.json'
    words = [{options}'--only', request_, '--classes', {category!r}, '--fresh', '--json', str(report), '--', *command]
    done = subprocess.run([sys.executable, '-m', 'vaurien', 'explore', *words], cwd=FOLDER, capture_output=True, text=True,
                          check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = [one for one in json.loads(report.read_text('utf-8'))['findings'] if one['verdict'] == {verdict!r}]
    assert not found, done.stdout
"""


def name_of(finding: Finding) -> str:
    """Return what the test of a finding is called."""
    words = (finding.verdict, finding.proxy, finding.category, finding.mode)
    return re.sub(r'[^a-z0-9]+', '_', '_'.join(words).casefold()).strip('_')


def emitted(finding: Finding, options: Sequence[str], command: Callable[[Hit], Sequence[str]], folder: str, here: str) -> str:
    """Return the test for a finding.

    Args:
        finding: What was found.
        options: What says on a command line where the backends are, and how long tests may take.
        command: Returns the command with the one test that shows it.
        folder: Where the test is to lie.
        here: Where the command was run.
    """
    cases = ''.join(f'    ({hit.point.place.site.glob!r}, {list(command(hit))!r}),\n' for hit in finding.hits)
    return TEXT.format(verdict=finding.verdict, sentence=VERDICTS[finding.verdict][1], category=finding.category,
                       folder=os.path.relpath(here, folder), cases=cases, name=f'no_{name_of(finding)}',
                       options=''.join(f'{word!r}, ' for word in options))
