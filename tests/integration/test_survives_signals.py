"""Signals in the middle of traffic: SIGHUP reads the INI file again, and nothing that did not change notices."""
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import pytest

from tests.support.daemon import daemon, environment
from tests.support.hosting import eventually
from tests.support.peers import ask, connect, ending, free_port
from tests.support.unit_of_time import MS, PATIENCE

START = '[vaurien]\nproxy = 127.0.0.1:0\nbackend = {backend}\n'


class Configured:
    """A running vaurien and the file that it was started with."""

    def __init__(self, vaurien, path, backend):
        self.vaurien, self.path, self.backend = vaurien, path, backend
        self._answers = 0

    def reload(self, text):
        """Write the file and send SIGHUP; returns the line that answers it, without time and logger."""
        self.path.write_text(text.format(backend=self.backend))
        self.vaurien.send(signal.SIGHUP)
        self._answers += 1
        self.vaurien.wait_for(r'vaurien\.cli\.reload: (?:not )?reloaded', self._answers)
        return re.findall(r'(\w+) vaurien\.cli\.reload: (.*)', self.vaurien.log)[-1]


@pytest.fixture
def configured(tmp_path, echo_server):
    path = tmp_path / 'chaos.ini'
    path.write_text(START.format(backend=echo_server.address))
    with daemon('--config', str(path)) as vaurien:
        vaurien.wait_for('default listens on')     # all of the log that a start makes
        yield Configured(vaurien, path, echo_server.address)


def test_sighup_brings_changes_into_force_and_keeps_sessions(configured):
    with connect(configured.vaurien.port) as client:
        assert ask(client, b'before') == b'before'
        assert configured.reload(START + 'behavior = error\n') == ('INFO', 'reloaded: changed default')
        client.sendall(b'now it fails')
        assert len(client.recv(1000)) == 100
        assert configured.reload(START) == ('INFO', 'reloaded: changed default')
        assert ask(client, b'after') == b'after'
        assert configured.reload(START) == ('INFO', 'reloaded: nothing has changed')


def test_sighup_starts_new_proxies_and_says_where_and_removes_those_that_are_gone(configured):
    with connect(configured.vaurien.port) as client:
        assert ask(client, b'before') == b'before'
        more = START + '[proxy:more]\nproxy = 127.0.0.1:0\nbackend = {backend}\n'
        assert configured.reload(more) == ('INFO', 'reloaded: created more')
        configured.vaurien.wait_for('proxy more listening')
        with connect(configured.vaurien.proxies['more'][1]) as other:
            assert ask(other, b'more') == b'more'
            assert configured.reload(START) == ('INFO', 'reloaded: removed more')
            assert ending(other) == 'RST'
        assert ask(client, b'after') == b'after'


@pytest.mark.parametrize('text, reason', [
    (START + 'behavior = 10:dely\n', r"behavior: 'dely' is not valid, expected one of abort, .*"),
    (START + 'proksy = 1\n', r".*'proksy' is not valid, expected a known name, the nearest is proxy"),
    ('rubbish\n', r".*chaos\.ini line 1: 'rubbish' is not valid, expected a \[section\] before the first key"),
    (START + '[proxy:more]\nproxy = {backend}\n', r'proxy more cannot listen on 127\.0\.0\.1:\d+: Address already in use'),
    (START + 'plugin = no_such_module\n', r".*'no_such_module' is not valid, expected a module that can be imported, but .*"),
], ids=['value', 'key', 'line', 'address', 'plugin'])
def test_a_broken_file_changes_nothing_and_says_why_in_one_line(configured, text, reason):
    with connect(configured.vaurien.port) as client:
        assert ask(client, b'before') == b'before'
        before = len(configured.vaurien.log.splitlines())
        level, words = configured.reload(text)
        assert level == 'ERROR'
        assert re.fullmatch(f'not reloaded, and nothing has changed: (.*: )?(.* )?{reason}', words), words
        assert len(configured.vaurien.log.splitlines()) == before + 1
        assert ask(client, b'after') == b'after'
        assert configured.reload(START) == ('INFO', 'reloaded: nothing has changed')


def test_a_file_that_is_gone_changes_nothing(configured):
    configured.path.unlink()
    configured.vaurien.send(signal.SIGHUP)
    configured.vaurien.wait_for(r'ERROR vaurien\.cli\.reload: not reloaded, and nothing has changed: .*chaos\.ini: No such file')
    with connect(configured.vaurien.port) as client:
        assert ask(client, b'still here') == b'still here'


def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(configured):
    configured.path.unlink()
    os.mkfifo(configured.path)
    configured.vaurien.send(signal.SIGHUP)
    configured.vaurien.wait_for(r'ERROR vaurien\.cli\.reload: not reloaded, and nothing has changed: .* a regular file, ')
    with connect(configured.vaurien.port) as client:
        assert ask(client, b'still here') == b'still here'


def test_what_takes_a_new_start_is_said(configured):
    configured.reload(START + 'grace = 1\nlog_level = debug\n')
    configured.vaurien.wait_for(r'WARNING vaurien\.cli\.reload: in force after the next start only: grace, log_level\n')


def test_the_command_line_wins_after_sighup_too(tmp_path, echo_server):
    path = tmp_path / 'chaos.ini'
    path.write_text(START.format(backend=echo_server.address))
    with daemon('--config', str(path), '--behavior', 'dummy') as vaurien, connect(vaurien.port) as client:
        loaded = Configured(vaurien, path, echo_server.address)
        assert loaded.reload(START + 'behavior = hang\n') == ('INFO', 'reloaded: nothing has changed')
        assert ask(client, b'through') == b'through'


def test_a_hundred_sighups_in_traffic_lose_no_byte(configured):
    with connect(configured.vaurien.port) as client:
        for number in range(100):
            configured.path.write_text(START.format(backend=configured.backend) + f'max_connections = {number + 1}\n')
            configured.vaurien.send(signal.SIGHUP)
            assert ask(client, b'%d' % number * 1000) == b'%d' % number * 1000
        eventually(lambda: ' changed default' in configured.vaurien.log, 'a reload')
        assert 'ERROR' not in configured.vaurien.log


def test_without_a_file_sighup_ends_it_as_sigterm_does(echo_server):
    with daemon('--backend', echo_server.address) as vaurien:
        vaurien.send(signal.SIGHUP)
        assert vaurien.wait() == 0
        assert 'stopped; sessions cut: 0' in vaurien.log


def test_signals_that_come_until_its_very_end_leave_its_status_as_it_was(echo_server):
    with daemon('--backend', echo_server.address) as vaurien:
        while vaurien.process.poll() is None:
            vaurien.send(signal.SIGTERM)
            time.sleep(MS / 2)      # most of them come while the interpreter ends
        assert vaurien.wait() == 0
        assert 'stopped; sessions cut: 0' in vaurien.log


def test_nohup_is_respected(echo_server):
    port = free_port()
    command = shlex.join([sys.executable, '-m', 'vaurien', '--proxy', f'127.0.0.1:{port}', '--backend', echo_server.address])
    process = subprocess.Popen(['/bin/sh', '-c', f'trap "" HUP; exec {command}'], env=environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert 'listening' in process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        with connect(port) as client:
            assert ask(client, b'still here') == b'still here'
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
