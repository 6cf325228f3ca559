"""``vaurienctl top`` in a terminal of tmux, before a real process: what stands there, and what keys do."""
import contextlib
import http.client
import os
import shlex
import subprocess
import sys
import time

import pytest

from tests.conftest import fixture
from tests.support.daemon import daemon, environment
from tests.support.processes import folder, free_port, program
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.client import Client

ROWS, COLUMNS = 34, 150
CTL = sys.executable, '-c', 'import sys; from vaurien.ctl import main; sys.exit(main())'


class Terminal:
    """A terminal of tmux, on a server of its own.

    Args:
        tmux: The program.
        where: The path of its socket.
    """

    def __init__(self, tmux, where):
        self._words = [tmux, '-S', str(where), '-f', os.devnull]
        known = {name: value for name, value in environment().items() if name not in ('COLUMNS', 'LINES')}
        self._environment = {**known, 'TERM': 'xterm-256color'}

    def say(self, *words):
        return subprocess.run([*self._words, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
                              env=self._environment).stdout

    def start(self, *command):
        self.say('new-session', '-d', '-x', str(COLUMNS), '-y', str(ROWS), shlex.join(command) + '; cat')

    def keys(self, *keys):
        self.say('send-keys', *keys)

    def text(self):
        return self.say('capture-pane', '-p')

    def reads(self, *texts):
        """Wait until these can be read."""
        until(lambda: all(text in self.text() for text in texts), lambda: f'not all of {texts} are there:\n{self.text()}')


def until(holds, otherwise):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, otherwise()
        time.sleep(20 * MS)


@contextlib.contextmanager
def tmux():
    """Give what makes terminals; raises ``MissingServer`` without tmux."""
    found = program('tmux')
    with folder() as where:
        yield lambda name: Terminal(found, where / name)


terminals = fixture(tmux)


@pytest.fixture
def terminal(terminals, request):
    made = terminals(str(abs(hash(request.node.name)) % 10 ** 6))
    yield made
    made.say('kill-server')


@pytest.fixture
def vaurien():
    with daemon('--behavior', '100:error', '--behavior-error-kind', '503', '--backend', 'embedded', '--protocol', 'http',
                '--http', '--http-port', '0') as process:
        yield process


@pytest.fixture
def client(vaurien):
    return Client('127.0.0.1', int(vaurien.control.rpartition(':')[2]))


def get(vaurien, path):
    with contextlib.closing(http.client.HTTPConnection('127.0.0.1', vaurien.port, timeout=PATIENCE)) as connection:
        connection.request('GET', path)
        connection.getresponse().read()


def top(vaurien, *words):
    return *CTL, '--host', vaurien.control, 'top', *words


def test_what_happens_is_seen_and_switched_by_keys(terminal, vaurien, client):
    client.add_toxic('default', 'latency', {'latency': 7})
    terminal.start(*top(vaurien))
    terminal.reads('default', 'error, latency_downstream', '100 % error', 'latency 7')
    get(vaurien, '/met')
    terminal.reads('error 503 GET /met')
    terminal.keys('Tab', 'Space')
    until(lambda: client.show('default')['behavior'] == 'dummy', terminal.text)
    terminal.reads('off  100 % error')
    get(vaurien, '/fine')
    terminal.reads('GET /fine')
    terminal.keys('Space')
    until(lambda: not client.toxics('default'), terminal.text)
    terminal.keys('e')
    until(lambda: not client.show('default')['enabled'], terminal.text)
    terminal.keys('q')
    until(lambda: 'default' not in terminal.text(), terminal.text)


def test_ctrl_c_ends_it_as_it_ends_all_else(terminal, vaurien):
    terminal.start(*top(vaurien))
    terminal.reads('default', '100 % error')
    terminal.keys('C-c')
    until(lambda: 'default' not in terminal.text(), terminal.text)


def test_it_says_that_vaurien_has_gone(terminal, vaurien):
    terminal.start(*top(vaurien))
    terminal.reads('default')
    vaurien.process.kill()
    vaurien.wait()
    terminal.reads('no vaurien')
    terminal.keys('q')


def test_the_table_alone_is_there_when_it_is_asked_for(terminal, vaurien):
    terminal.start(*top(vaurien, '--plain'))
    terminal.reads('default', 'FAULTS/S')
    assert 'quit' not in terminal.text()


def test_a_terminal_that_cannot_move_its_cursor_gets_the_table(terminal, vaurien):
    terminal.start('env', 'TERM=dumb', *top(vaurien, '--count', '1'))
    terminal.reads('default', 'FAULTS/S')


def test_where_no_vaurien_responds_it_is_said_in_a_line(terminal):
    terminal.start(*CTL, '--host', 'http://127.0.0.1:1', 'top')
    terminal.reads('vaurienctl: ')


def test_requests_and_faults_are_shown_as_they_happen_where_vaurien_itself_runs(terminal):
    port = free_port()
    terminal.start(sys.executable, '-m', 'vaurien', '--proxy', f'127.0.0.1:{port}', '--backend', 'embedded', '--protocol', 'http',
                   '--behavior', 'error', '--behavior-error-kind', '503', '--behavior-error-match', '/bad$', '--show', 'requests')
    terminal.reads('listening on')
    with contextlib.closing(http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)) as connection:
        for path in ('/', '/bad', '/missing'):
            connection.request('GET', path)
            connection.getresponse().read()
    terminal.reads('#1 GET / ok 200', 'error 503 GET /bad', 'GET /missing 404')
    shown = terminal.say('capture-pane', '-p', '-e')
    assert '\x1b[31m' in shown     # the fault, in red
    terminal.keys('C-c')
    terminal.reads('stopped')
