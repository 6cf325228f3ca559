"""A terminal for the console blocks of the docs: commands in a folder of their own, their output held against the page.

``...`` in the expected output stands for anything, and a time in seconds for any time. A command that starts vaurien goes on in
the background until ``^C``.
"""
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path

from tests.support.unit_of_time import MS, PATIENCE

from .blocks import ROOT, Block

DAEMON = re.compile(r'^vaurien (?!run |ca\b|.*--(version|help))')
SECONDS = re.compile(r'\b\d+\.\d+(?= ?s\b)')
#: plugins of pytest that a reader of the docs has no use for; the time that they take to import is the longest part of most runs
UNUSED = '-p no:schemathesis -p no:hypothesispytest'
#: the commands of the docs, each by what Python is told. The ports that are meant where none is named may be taken here
COMMANDS = {
    'vaurien': '-m vaurien',
    'vaurienctl': '-c "import sys; from vaurien.ctl import main; sys.exit(main())" --host http://localhost:{control}',
    'pytest': f'-m pytest -p no:cacheprovider {UNUSED} {{plugin}}',
    'chaos': '-m chaostoolkit --no-version-check',
    'python': '',
}
#: what comes before a command
BEFORE = {
    'vaurien': 'case " $*" in *" --config"*|" run "*|" ca"*) ;;\n'
               '*) set -- --proxy localhost:{proxy} --http-port {control} "$@";; esac\n',
}


class Terminal:
    """Runs blocks one after the other.

    Args:
        folder: Where commands run and files are written.
        places: What stands in the docs and has to be something else here, as ports.
        installed: The folder of commands of an environment in which vaurien is installed; None: it is run from this checkout.
    """

    def __init__(self, folder: Path, places: Mapping[str, object], installed: Path | None = None) -> None:
        self.folder, self._places = folder, {key: str(value) for key, value in places.items()}
        self._python = str(installed / 'python') if installed else sys.executable
        self._environ = {**os.environ, 'PATH': f'{self._programs(installed)}{os.pathsep}{os.environ["PATH"]}', 'COLUMNS': '200',
                         'PYTHONPATH': '' if installed else str(ROOT), 'TZ': 'UTC', 'PY_COLORS': '0'}
        self._running: list[Background] = []

    def _programs(self, installed: Path | None) -> Path:
        """Write the commands, as they would be installed."""
        announced = installed or any(found.value == 'vaurien.pytest_plugin' for found in entry_points(group='pytest11'))
        where = self.folder / '.bin'
        where.mkdir()
        ours = {'plugin': '' if announced else '-p vaurien.pytest_plugin', 'proxy': self._places.get('8000', '8000'),
                'control': self._places.get('8080', '8080')}
        for name, arguments in COMMANDS.items():
            before, words = BEFORE.get(name, '').format(**ours), arguments.format(**ours)
            (where / name).write_text(f'#!/bin/sh\n{before}exec {self._python} {words} "$@"\n')
            (where / name).chmod(0o755)
        return where

    def here(self, text: str) -> str:
        """Put in what stands for something else here."""
        keys = '|'.join(map(re.escape, self._places))
        return re.sub(rf'(?<![\w.])({keys})(?!\w)', lambda found: self._places[found[0]], text) if keys else text

    def run(self, block: Block) -> None:
        """Run a block: write the file that it is, or type its commands.

        Raises:
            AssertionError: A command has another output, or has failed; the message has the page's line.
        """
        text = self.here(block.text)
        if block.caption:
            (self.folder / block.caption).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / block.caption).write_text(text)
        elif block.language == 'console':
            for command, expected in commands(text):
                self._type(block.where, command, expected)
        else:
            self._check(block.where, f'python: {block.where}', '', *self._call([self._python, '-c', text]))

    def _type(self, where: str, command: str, expected: str) -> None:
        if command == '^C':
            background = self._running.pop()
            background.interrupt()
            self._check(where, command, expected, background.status, background.text()[background.seen:], search=True)
        elif DAEMON.match(command):
            background = Background(command, self.folder, self._environ)
            self._running.append(background)
            lines = [line for line in expected.splitlines() if line != '...']
            background.wait_for(where, lines)
        else:
            self._check(where, command, expected, *self._call(['sh', '-c', command]))

    def check(self, command: str) -> None:
        """Run a command that has to succeed."""
        self._check('', command, '', *self._call(['sh', '-c', command]))

    def _call(self, words: list[str]) -> tuple[int, str]:
        done = subprocess.run(words, cwd=self.folder, env=self._environ, text=True, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=6 * PATIENCE)
        return done.returncode, done.stdout

    @staticmethod
    def _check(where: str, command: str, expected: str, status: int, output: str, search: bool = False) -> None:
        message = f'{where}: {command}\nstatus {status}\n--- expected\n{expected}\n--- got\n{output}'
        if expected:
            assert matches(expected, output, search), message
        else:
            assert status == 0, message

    def close(self) -> None:
        """End what still runs."""
        for background in self._running:
            background.kill()


class Background:
    """A command that goes on."""

    def __init__(self, command: str, folder: Path, environ: Mapping[str, str]) -> None:
        self.command, self.seen = command, 0
        self._process = subprocess.Popen(['sh', '-c', f'exec {command}'], cwd=folder, env=environ, text=True,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        self._lines.extend(iter(self._process.stdout.readline, ''))

    @property
    def status(self) -> int:
        return self._process.wait(PATIENCE)

    def text(self) -> str:
        """Return what it has printed."""
        return ''.join(self._lines)

    def wait_for(self, where: str, lines: list[str]) -> None:
        """Wait until it has printed lines.

        Raises:
            AssertionError: It has not.
        """
        deadline = time.monotonic() + 3 * PATIENCE
        while not all(matches(line, self.text(), True) for line in lines):
            going_on = self._process.poll() is None and time.monotonic() < deadline
            assert going_on, f'{where}: {self.command}\n--- expected\n{lines}\n--- got\n{self.text()}'
            time.sleep(10 * MS)
        self.seen = len(self.text())

    def interrupt(self) -> None:
        """Press Ctrl-C, and wait for its end."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE)
        self._close()

    def kill(self) -> None:
        """End it in any case."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self._close()

    def _close(self) -> None:
        self._reader.join(PATIENCE)
        if self._process.stdout:
            self._process.stdout.close()


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Give each command of a console block, and the output that the page shows."""
    command, output = '', []
    for line in text.splitlines():
        if line.startswith(('$ ', '^C')):
            if command:
                yield command, '\n'.join(output)
            command, output = line.removeprefix('$ '), []
        elif command.endswith('\\'):
            command = f'{command[:-1]}{line.strip()}'
        else:
            output.append(line)
    yield command, '\n'.join(output)


def matches(expected: str, output: str, search: bool = False) -> bool:
    """Return whether an output is as expected; ``search``: it is in there somewhere."""
    words = [re.escape(' '.join(part.split())) for part in SECONDS.sub('...', expected).split('...')]
    pattern = re.compile('.*'.join(words), re.DOTALL)
    text = ' '.join(output.split())
    return bool(pattern.search(text) if search else pattern.fullmatch(text))


@contextlib.contextmanager
def terminal(folder: Path, places: Mapping[str, object], installed: Path | None = None) -> Iterator[Terminal]:
    """Open a terminal; what it has started ends with the block."""
    opened = Terminal(folder, places, installed)
    try:
        yield opened
    finally:
        opened.close()
