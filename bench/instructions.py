"""Instructions of vaurien for each request: ``make bench ARGS=--instructions``. Knows what counts by its verbs only.

They are steadier than any time, and blind to the system's part.
One client asks one question after the other, so many times; the first ones are not counted.
"""
import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.daemon import ROOT
from tests.support.processes import HOST, folder, program, serving

from .kinds import Relay, accepts
from .loads import BACKENDS, QUESTIONS, Question, asking
from .machine.counting import Counter

WARM, COUNT = 500, 2_000        #: [requests] before it is counted, and counted
PURE = shlex.join((sys.executable, '-m', 'vaurien'))     #: this tree's vaurien


class Row(NamedTuple):
    """What is counted: a name of ``loads.QUESTIONS`` and the protocol that reads it; ``tcp`` reads nothing."""

    question: str
    protocol: str

    def __str__(self) -> str:
        return self.protocol if self.protocol == self.question else f'{self.protocol}, asked {self.question}'


ROWS = (Row('redis', 'tcp'), Row('redis', 'redis'), Row('memcache', 'memcache'), Row('http', 'tcp'), Row('http', 'http'),
        Row('mysql', 'mysql'), Row('postgres', 'postgres'), Row('smtp', 'smtp'), Row('websocket', 'http'))


@contextlib.contextmanager
def running(counter: Counter, executable: str, protocol: str, backend: str, where: Path) -> Iterator[Relay]:
    """Run a vaurien that can be counted, in a folder."""
    def line(port: int) -> tuple[str, ...]:
        prefix = (word.format(folder=where) for word in counter.prefix)
        return (program('env'), f'PYTHONPATH={ROOT}' if executable == PURE else 'PYTHONPATH=', 'PYTHONHASHSEED=0', *prefix,
                *shlex.split(executable), '--proxy', f'{HOST}:{port}', '--backend', backend, '--protocol', protocol,
                '--log-level', 'warning')
    with serving('vaurien', where, line, accepts) as server:
        yield Relay(server.port, server.pid)


def per_request(counter: Counter, executable: str, protocol: str, question: Question, backend: str, scale: float) -> float:
    """Return the instructions of a vaurien for one request and its response.

    Args:
        counter: What counts.
        executable: The vaurien, as ``--other`` takes one.
        protocol: What it reads the bytes as.
        question: What is asked.
        backend: Its address.
        scale: 1, or less for fewer requests.
    """
    def load(count: int) -> None:
        asking(question.text, question.end, 1, count, 1, question.login)(relay, 1.0)
    count = max(10, int(COUNT * scale))
    with folder() as where:
        if executable != PURE:
            executable = os.path.abspath(executable) if os.path.exists(executable) else executable
        with running(counter, executable, protocol, backend, where) as relay:
            assert relay.pid
            load(max(10, int(WARM * scale)))
            return counter.count(relay.pid, where, lambda: load(count)) / count


def measured(counter: Counter, executables: Mapping[str, str], scale: float) -> dict[str, dict[str, float]]:
    """Return for each row of ``ROWS`` the instructions of each vaurien [a request], by the name that it has here."""
    found: dict[str, dict[str, float]] = {}
    with contextlib.ExitStack() as stack:
        backends = {name: stack.enter_context(BACKENDS[name]()).address
                    for name in dict.fromkeys(QUESTIONS[row.question].backend for row in ROWS)}
        for row in ROWS:
            question = QUESTIONS[row.question]
            found[str(row)] = {name: per_request(counter, executable, row.protocol, question, backends[question.backend], scale)
                               for name, executable in executables.items()}
    return found


def table(found: Mapping[str, Mapping[str, float]], counter: Counter) -> str:
    """Write them as text; the second vaurien on has its ratio to the first behind it."""
    names = list(next(iter(found.values())))
    lines = [f'{"instructions":24}' + ''.join(f'{name + ", a request":>24}' for name in names) + f'   by {counter.name}']
    for row, counts in found.items():
        first = counts[names[0]]
        cells = (f'{counts[name]:>24,.0f}' + (f' x {counts[name] / first:.2f}' if name != names[0] else '') for name in names)
        lines.append(f'{row:24}' + ''.join(cells))
    return '\n'.join(lines)
