"""Standard output, standard error and the log where nothing reads them: proxies and control server go on, and so does the end."""
import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from tests.support.daemon import CONTROL, environment
from tests.support.hosting import eventually
from tests.support.peers import ask, connect
from tests.support.unit_of_time import PATIENCE

LISTENS = re.compile(r'listens on 127\.0\.0\.1:(\d+)')
REQUESTS = 1500     #: of which each is a line of the log of some 200 bytes; a pipe takes 64 KiB


@contextlib.contextmanager
def running(*arguments, **streams):
    """Run a vaurien of which the streams are not read; it has to end with status 0."""
    command = [sys.executable, '-m', 'vaurien', '--http', '--http-port', '0', '--proxy', '127.0.0.1:0', *arguments]
    vaurien = subprocess.Popen(command, env=environment(), stdin=subprocess.DEVNULL, **streams)
    try:
        yield vaurien
        vaurien.send_signal(signal.SIGTERM)
        assert vaurien.wait(PATIENCE) == 0
    finally:
        vaurien.kill()
        vaurien.wait()
        for stream in (vaurien.stdout, vaurien.stderr):
            if stream is not None:
                stream.close()


def found(path, pattern):
    """Wait until a file says something, and return it."""
    return eventually(lambda: pattern.search(path.read_text() if path.exists() else ''), pattern.pattern)[1]


def health(port, count=1):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
    with contextlib.closing(connection):
        for _ in range(count):
            connection.request('GET', f'/health?{"x" * 200}')
            connection.getresponse().read()
        connection.request('GET', '/health')
        assert connection.getresponse().status == 200


def test_a_log_that_nothing_reads_holds_up_neither_proxies_nor_the_control_server(echo_server):
    with running('--backend', echo_server.address, '--log-level', 'debug', stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE) as vaurien:
        said = ''
        while not (control := CONTROL.search(said)):
            said += vaurien.stdout.readline().decode()
        health(int(control[1].rpartition(':')[2]), REQUESTS)
        with connect(int(re.search(r'listening on 127\.0\.0\.1:(\d+)', said)[1])) as client:
            assert ask(client, b'ping') == b'ping'


def test_announcements_that_nothing_reads_hold_up_nothing(echo_server, tmp_path):
    listed, log = tmp_path / 'many.json', tmp_path / 'log'
    listed.write_text(json.dumps([{'name': f'{number:0>90}', 'upstream': echo_server.address, 'enabled': False}
                                  for number in range(800)]))
    with running('--backend', echo_server.address, '--populate', str(listed), '--log-output', str(log), stdout=subprocess.PIPE):
        health(int(found(log, re.compile(r'control server on http://\S+:(\d+)'))))
        with connect(int(found(log, LISTENS))) as client:
            assert ask(client, b'ping') == b'ping'


@pytest.mark.parametrize('read', [False, True], ids=['no reader', 'a late reader'])
def test_a_log_into_a_named_pipe_holds_up_nothing(echo_server, tmp_path, read):
    path = tmp_path / 'pipe'
    os.mkfifo(path)
    with running('--backend', echo_server.address, '--log-output', str(path), '--log-level', 'debug',
                 stdout=subprocess.PIPE) as vaurien:
        said = ''
        while not (control := CONTROL.search(said)):
            said += vaurien.stdout.readline().decode()
        health(int(control[1].rpartition(':')[2]), REQUESTS)
        if read:
            with open(path, encoding='utf-8') as reader:
                assert ' INFO vaurien.cli.command: seed ' in reader.readline()
