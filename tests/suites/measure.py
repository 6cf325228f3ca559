"""Running a suite and measuring it: what passed, how long it took, and what processor time went into it."""
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.processes import HOST, Server

from .suites import REDIS, Suite


class Measured(NamedTuple):
    """One run of a suite.

    Args:
        outcomes: What became of each test: ``passed``, ``failed``, ``error`` or ``skipped``.
        suite: Seconds that its tests took.
        command: Seconds that the whole command took, the start of Python, pytest and vaurien with it.
        cpu: Seconds of processor time, user and system, of the command with all that it started and waited for.
        said: What it printed.
    """

    outcomes: Mapping[str, str]
    suite: float
    command: float
    cpu: float
    said: str

    @property
    def passed(self) -> set[str]:
        return {name for name, outcome in self.outcomes.items() if outcome == 'passed'}


def places(servers: Mapping[str, Server]) -> dict[str, str]:
    """Return what stands for the addresses of servers."""
    return {**{name: server.address for name, server in servers.items()}, 'redis_host': HOST,
            'redis_port': str(servers[REDIS].port)}


def measure(suite: Suite, python: Path, tests: Path, servers: Mapping[str, Server], where: Path, through: bool) -> Measured:
    """Run a suite once.

    Args:
        suite: Which.
        python: The interpreter of an environment in which it is installed.
        tests: Where its tests are.
        servers: What it talks to.
        where: A folder for what it writes.
        through: Whether ``vaurien run`` is between, without a fault.
    """
    report, words = where / 'report.xml', places(servers)
    report.unlink(missing_ok=True)
    command = [str(python), '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-p', 'no:vaurien', f'--junitxml={report}',
               '-o', 'junit_family=xunit2', *(argument.format(tests=tests) for argument in suite.tests)]
    if through:
        command = [sys.executable, '-m', 'vaurien', 'run', *(word.format(**words) for word in suite.run), '--', *command]
    told = {name: value.format(**words) for name, value in suite.direct.items()}
    environ = {**os.environ, 'PYTHONDONTWRITEBYTECODE': '1', **told}
    said, seconds, cpu = timed(command, environ, tests.parent)
    if not report.exists():
        raise SystemExit(f'{suite.name}: no report was written\n{said[-4000:]}')
    outcomes, took = read(report)
    return Measured(outcomes, took, seconds, cpu, said)


def timed(command: Sequence[str], environ: Mapping[str, str], where: Path) -> tuple[str, float, float]:
    """Run a command to its end, and return what it printed, its seconds, and those of the processor."""
    start, before = time.monotonic(), os.times()
    done = subprocess.run(command, cwd=where, env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return done.stdout, time.monotonic() - start, spent


def read(report: Path) -> tuple[dict[str, str], float]:
    """Return what became of each test, and how long all took, from pytest's own report."""
    root = ElementTree.parse(report).getroot()
    outcomes = {}
    for case in root.iter('testcase'):
        found = next((child.tag for child in case if child.tag in ('failure', 'error', 'skipped')), 'passed')
        outcomes[f'{case.get("classname")}::{case.get("name")}'] = found
    return outcomes, sum(float(each.get('time', 0)) for each in root.iter('testsuite'))
