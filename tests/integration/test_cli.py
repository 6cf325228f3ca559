"""The command as users run it: what it prints, how it ends, and that no mistake shows a traceback."""
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.support.daemon import daemon, environment, run_to_end
from tests.support.own import own
from tests.support.peers import Backend, ask, connect, echo_server, ending, free_port, read_to_end, sink
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.behaviors import Behavior
from vaurien.config import configure
from vaurien.config.subcommands import SUBCOMMANDS
from vaurien.protocols import Protocol

#: [s] --grace where it must not run out
LONG = PATIENCE / 2


@pytest.fixture
def backend():
    with echo_server() as server:
        yield server


def one_line(done, status):
    """Return the one line that a command that was refused has printed."""
    assert done.returncode == status, done.stderr
    assert done.stdout == ''
    assert done.stderr.startswith('vaurien: ')
    assert done.stderr.count('\n') == 1
    assert done.stderr.endswith('\n')
    return done.stderr.removeprefix('vaurien: ').rstrip('\n')


# -- questions and mistakes

def test_the_version_is_printed():
    done = run_to_end('--version')
    assert (done.returncode, done.stdout, done.stderr) == (0, '3.0.dev0\n', '')


def test_help_fits_on_a_screen_and_tells_where_there_is_more():
    done = run_to_end('--help')
    assert (done.returncode, done.stderr) == (0, '')
    lines = done.stdout.splitlines()
    assert len(lines) <= 22     # of 24, beside what was typed and the next prompt
    assert max(map(len, lines)) <= 80
    for words in ('usage: vaurien ', *own(Protocol), *own(Behavior), 'vaurien --help-all', 'vaurien help NAME'):
        assert words in done.stdout
    assert run_to_end('-h').stdout == run_to_end('help').stdout == done.stdout


def test_the_examples_of_the_help_are_command_lines_that_run():
    text = run_to_end('--help').stdout.replace('\\\n', ' ')
    examples = [line.split() for line in text.splitlines() if line.startswith('  vaurien -')]
    assert len(examples) == 2
    for _, *words in examples:
        assert configure(words, {}).spec.proxies[0].backend == words[words.index('--backend') + 1]


def test_the_help_names_the_subcommands():
    lines = run_to_end('--help').stdout.splitlines()
    for word, found in SUBCOMMANDS.items():
        assert f'vaurien {word:15} {found.help}' in lines


def test_all_of_the_help_is_printed():
    done = run_to_end('--help-all')
    assert done.returncode == 0
    assert done.stdout.startswith('usage: vaurien ')
    assert '--behavior-delay-sleep' in done.stdout
    assert done.stderr == ''


def test_help_about_a_plugin_is_printed_and_an_unknown_one_named():
    done = run_to_end('help', 'redis', 'latency', '3g')
    assert (done.returncode, done.stderr) == (0, '')
    for words in ('redis: a protocol', '--protocol-redis-buffer N', '  readonly (READONLY), class A\n',
                  'latency: a toxic', '  jitter=N\n', '3g: a link'):
        assert words in done.stdout
    done = run_to_end('help', 'reddis')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == "vaurien: help: 'reddis' is not valid, expected a known name, the nearest is redis\n"


def test_one_that_breaks_nothing_says_so_and_how_to_ask_for_more():
    with daemon() as running:
        running.wait_for('vaurien: all of it is relayed as it is; --behavior 20:delay,10:error would break some')
    for flags in (['--behavior', '1:delay'], ['--toxic', 'noop'], ['--http', '--http-port', '0']):
        with daemon(*flags) as running:
            pass
        assert 'all of it is relayed' not in running.output


@pytest.mark.parametrize('argv, line', [
    (['--proxy', 'nowhere'],
     "--proxy: 'nowhere' is not valid, expected HOST:PORT, [IPV6]:PORT or unix:/PATH with a port from 0 to 65535"),
    (['--behavior', '10:dely'],
     f"--behavior: 'dely' is not valid, expected one of {', '.join(own(Behavior))}"),
    (['--behavior-delay-sleep', 'x\ny'], "--behavior-delay-sleep: 'x\\ny' is not valid, expected a number of at least 0"),
    (['--protocol', 'tcp', '--behavior', 'error', '--behavior-error-kind', 'loading'],
     "--behavior-error-kind: 'loading' is not valid, expected nothing: tcp has no kinds of its own"),
    (['--sedd', '1'], "command line: '--sedd' is not valid, expected a known name, the nearest is --seed"),
    (['--seed'], "--seed: '' is not valid, expected an integer of at least 0"),
    (['--plugin', 'no_such_module_here'],
     "--plugin: 'no_such_module_here' is not valid, expected a module that can be imported, but "
     "ModuleNotFoundError(\"No module named 'no_such_module_here'\")"),
])
def test_a_wrong_value_is_one_line_and_status_2(argv, line):
    assert one_line(run_to_end(*argv), 2) == line


def test_a_mistake_in_a_file_is_one_line_and_status_2(tmp_path):
    (tmp_path / 'chaos.ini').write_text('[vaurien]\nproksy = localhost:0\n')
    line = one_line(run_to_end('--config', 'chaos.ini', cwd=tmp_path), 2)
    assert line == "chaos.ini [vaurien]: 'proksy' is not valid, expected a known name, the nearest is proxy"


@pytest.mark.parametrize('flag, name', [('--config', ''), ('--config', '-'), ('--populate', '-')])
def test_what_no_file_is_called_is_one_line_and_status_2(tmp_path, flag, name):
    line = one_line(run_to_end(f'{flag}={name}', cwd=tmp_path), 2)
    assert line == f"{flag}: '{name}' is not valid, expected the path of a file"


@pytest.mark.parametrize('name, words', [('none.ini', 'No such file or directory'), ('.', 'Is a directory')])
def test_an_unreadable_file_is_one_line_and_status_1(tmp_path, name, words):
    assert one_line(run_to_end('--config', name, cwd=tmp_path), 1) == f'{name}: {words}'


def test_a_log_that_cannot_be_written_is_one_line_and_status_1(tmp_path):
    path = tmp_path / 'nowhere' / 'log'
    assert one_line(run_to_end('--log-output', str(path)), 1) == f'{path}: No such file or directory'


def test_a_port_that_is_taken_is_one_line_and_status_1(backend):
    done = run_to_end('--proxy', backend.address, '--log-level', 'error')
    assert one_line(done, 1) == f'proxy default cannot listen on {backend.address}: Address already in use'


def test_a_taken_port_of_a_second_proxy_starts_none(tmp_path, backend):
    (tmp_path / 'chaos.ini').write_text(f'[vaurien]\nproxy = 127.0.0.1:0\nlog_level = error\n'
                                        f'[proxy:second]\nproxy = {backend.address}\n')
    line = one_line(run_to_end('--config', 'chaos.ini', cwd=tmp_path), 1)
    assert line == f'proxy second cannot listen on {backend.address}: Address already in use'


def test_a_name_that_does_not_resolve_is_one_line_and_status_1():
    line = one_line(run_to_end('--proxy', 'no-such-host.invalid:80', '--log-level', 'error'), 1)
    assert line.startswith('proxy default cannot listen on no-such-host.invalid:80: ')


# -- running

def test_the_address_bound_and_the_seed_are_told(backend):
    with daemon('--backend', backend.address, '--seed', '1234') as vaurien:
        where = f'127.0.0.1:{vaurien.port}, backend {backend.address}, protocol tcp, behavior dummy'
        assert vaurien.output.splitlines()[0] == f'vaurien: proxy default listening on {where}'
        vaurien.wait_for(r'INFO vaurien\.cli\.command: seed 1234, repeat with --seed 1234\n')
        with connect(vaurien.port) as client:
            assert ask(client, b'hello') == b'hello'


def test_faults_are_shown_as_they_happen_and_not_where_they_are_not_wanted():
    flags = ('--backend', 'embedded', '--protocol', 'http', '--behavior', 'error', '--behavior-error-kind', '502')
    with daemon(*flags) as running, connect(running.port) as client:
        for number, words in enumerate(('#1', '#1.2'), 1):
            client.sendall(b'GET /%d HTTP/1.1\r\nHost: a\r\n\r\n' % number)
            running.wait_for(rf'(?m)^\d\d:\d\d:\d\d default {words} error 502 GET /{number}$')
    for quiet in (['--quiet'], ['--show', 'none']):
        with daemon(*flags, *quiet) as running, connect(running.port) as client:
            client.sendall(b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
            assert b' 502 ' in read_to_end(client)
        assert running.output.count('\n') == 1
    assert one_line(run_to_end('--show', 'all'), 2) == "--show: 'all' is not valid, expected one of none, faults, requests"
    assert one_line(run_to_end('--quiet', '--show', 'faults'), 2) == '--quiet: True is not valid, expected no --show beside it'


def test_each_request_is_shown_once_it_is_answered_and_a_fault_has_its_own_line():
    flags = ('--backend', 'embedded', '--protocol', 'http', '--behavior', 'error', '--behavior-error-kind', '502')
    with daemon(*flags, '--behavior-error-match', '/bad$', '--show', 'requests') as running, connect(running.port) as client:
        for path in ('', 'bad', 'missing', 'too/bad'):
            client.sendall(b'GET /%s HTTP/1.1\r\nHost: a\r\n\r\n' % path.encode())
            running.wait_for(rf'(?m)^\d\d:\d\d:\d\d default #1[.\d]* .*GET /{path}( .*)?$')
        found = re.sub(r'(?m)^\S+ |[\d.]+ ms$', '', running.output.partition('\n')[2]).splitlines()
    assert [line.strip() for line in found] == ['default #1 GET / ok 200', 'default #1.2 error 502 GET /bad',
                                                'default #1.3 GET /missing 404', 'default #1.4 error 502 GET /too/bad']


def test_toxics_are_announced():
    with daemon('--toxic', 'latency:latency=1', '--toxic', 'slicer@upstream') as running:
        running.wait_for('listening on .*, behavior dummy, toxics latency_downstream, slicer_upstream\n')
        running.wait_for('INFO vaurien.proxies.fleet: default listens on .*, toxics latency_downstream, slicer_upstream\n')


def test_a_terminal_is_told_once(backend):
    ours, theirs = pty.openpty()
    flags = ('--proxy', 'localhost:0', '--backend', backend.address, '--http', '--http-port', '0')
    with subprocess.Popen([sys.executable, '-m', 'vaurien', *flags], env=environment(), stdin=subprocess.DEVNULL, stdout=theirs,
                          stderr=theirs) as process:
        os.close(theirs)
        text = b''
        while b'vaurien: control server on' not in text:
            text += os.read(ours, 65536)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    os.close(ours)
    assert b'INFO vaurien.cli.command: seed' in text
    assert text.count(b'default listen') == text.count(b'control server on') == 1


def test_a_seed_is_chosen_and_told_where_none_is_given(backend):
    with daemon('--backend', backend.address) as vaurien:
        vaurien.wait_for(r'seed (\d+), repeat with --seed \1\n')


def test_a_behavior_that_never_was_applied_is_warned_of_at_the_end_with_the_reason():
    flags = ('--backend', 'embedded', '--protocol', 'http', '--behavior', 'error', '--behavior-error-kind', '503')

    def log_after(*more, get='/'):
        with daemon(*flags, *more) as running:
            if get:
                with connect(running.port) as client:
                    client.sendall(f'GET {get} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'.encode())
                    assert read_to_end(client)
            running.stop()
        return [line.partition(': ')[2] for line in running.log.splitlines() if ' WARNING ' in line]
    told = "error (kind='503'{}) of default was asked for and never applied: {}"
    assert log_after(get='') == [told.format('', 'no request came')]
    assert log_after('--behavior-error-match', '^POST') == \
        [told.format(", match='^POST'", "match='^POST' is found in none of 1 request; such as 'GET /'")]
    assert log_after() == []


def test_every_proxy_of_a_file_is_told(tmp_path, backend, monkeypatch):
    path = tmp_path / 'a.sock'
    monkeypatch.setenv('BACKEND', backend.address)
    (tmp_path / 'chaos.ini').write_text(
        '[vaurien]\nproxy = 127.0.0.1:0\nbackend = ${BACKEND}\n[proxy:six]\nproxy = [::1]:0\nbackend = ${BACKEND}\n'
        f'[proxy:path]\nproxy = unix:{path}\nbackend = ${{BACKEND}}\n')
    with daemon('--config', str(tmp_path / 'chaos.ini'), proxies=3) as vaurien:
        assert list(vaurien.proxies) == ['default', 'six', 'path']
        assert re.search(r'^vaurien: proxy six listening on \[::1\]:\d+, backend ', vaurien.output, re.MULTILINE)
        assert vaurien.proxies['path'] == (str(path), 0)
        with connect(vaurien.proxies['six'][1], '::1') as client:
            assert ask(client, b'six') == b'six'
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(path))
            assert ask(client, b'path') == b'path'


def test_the_command_line_wins_over_the_file(tmp_path, backend):
    (tmp_path / 'chaos.ini').write_text(f'[vaurien]\nproxy = 127.0.0.1:0\nbackend = {backend.address}\nbehavior = hang\n')
    with daemon('--config', 'chaos.ini', '--behavior', 'dummy', cwd=tmp_path) as vaurien, connect(vaurien.port) as client:
        assert ask(client, b'through') == b'through'


def test_a_plugin_of_the_current_directory_acts(tmp_path, backend):
    (tmp_path / 'my_plugin.py').write_text(
        'from vaurien.behaviors import Behavior\nfrom vaurien.behaviors.dummy import Dummy\n\n\n'
        '@Behavior.register\nclass Shout(Dummy):\n    """Shouts."""\n    name = "shout"\n'
        '    options = {"word": ("What is said", str, "hey")}\n\n'
        '    def on_before_handle(self, protocol, source, dest, to_backend):\n'
        '        if to_backend:\n            source.recv()\n            source.sendall(self.option("word").encode())\n'
        '        return not to_backend\n')
    with daemon('--backend', backend.address, '--plugin', 'my_plugin', '--behavior', 'shout', '--behavior-shout-word', 'boo',
                cwd=tmp_path) as vaurien, connect(vaurien.port) as client:
        assert ask(client, b'hello', 3) == b'boo'


def test_sync_is_warned_of(backend):
    with daemon('--backend', backend.address, '--sync') as vaurien:
        vaurien.wait_for(r'WARNING vaurien\.cli\.command: --sync has no effect\n')


def test_the_log_goes_where_it_should(tmp_path, backend):
    path = tmp_path / 'log'
    with daemon('--backend', backend.address, '--log-output', str(path), '--log-level', 'debug') as vaurien:
        assert 'repeat with --seed' in path.read_text()
        assert vaurien.log == ''


def test_a_quiet_level_logs_nothing(backend):
    with daemon('--backend', backend.address, '--log-level', 'critical') as vaurien:
        assert vaurien.stop() == 0
        assert vaurien.log == ''


# -- ending

@pytest.mark.parametrize('strict, path, status', [([], '/b', 0), (['--strict'], '/b', 3), (['--strict'], '/a', 0)])
def test_a_plan_that_was_not_met_is_a_warning_and_with_strict_a_status(strict, path, status):
    with daemon('--backend', 'embedded', '--protocol', 'http', '--fault', 'default: GET /a = 503', *strict) as vaurien:
        with connect(vaurien.port) as client:
            client.sendall(f'GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'.encode())
            assert (b' 503 ' in read_to_end(client)) == (path == '/a')
        vaurien.send(signal.SIGTERM)
        assert vaurien.wait() == status
    assert ('the plan was not met: default: GET /a = 503: no request has matched' in vaurien.log) == (path != '/a')
    assert 'relayed as it is' not in vaurien.output


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0(backend, number):
    with daemon('--backend', backend.address, '--grace', str(LONG)) as vaurien:
        before = time.monotonic()
        vaurien.send(number)
        assert vaurien.wait() == 0
        assert time.monotonic() - before < LONG, 'without sessions nothing is waited for'
        assert 'Traceback' not in vaurien.log


def test_nobody_is_accepted_while_sessions_end_and_they_work_on(backend):
    with daemon('--backend', backend.address, '--grace', str(LONG)) as vaurien, connect(vaurien.port) as client:
        assert ask(client, b'before') == b'before'
        vaurien.send(signal.SIGTERM)
        vaurien.wait_for('stopping')
        refused(vaurien.port)
        assert ask(client, b'still here') == b'still here'
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == b''
        assert vaurien.wait() == 0
        assert re.search(r'INFO vaurien\.cli\.command: stopped; sessions cut: 0\n', vaurien.log)


def refused(port):
    """Wait until nobody listens at the port."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            connect(port).close()
        except ConnectionRefusedError:
            return
        time.sleep(MS)
    raise AssertionError('connections are still accepted')


def test_what_has_not_ended_after_the_grace_is_cut_and_counted(backend):
    with daemon('--backend', backend.address, '--grace', str(100 * MS)) as vaurien, \
            connect(vaurien.port) as one, connect(vaurien.port) as two:
        assert ask(one, b'a') == ask(two, b'a') == b'a'
        vaurien.send(signal.SIGTERM)
        assert ending(one) == ending(two) == 'RST'
        assert vaurien.wait() == 0
        assert re.search(r'WARNING vaurien\.cli\.command: stopped; sessions cut: 2\n', vaurien.log)


@pytest.mark.parametrize('second', [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once_with_status_0(second):
    with Backend(sink) as backend, daemon('--backend', backend.address, '--grace', str(100 * PATIENCE)) as vaurien, \
            connect(vaurien.port) as client:
        backend.wait_for(1)
        vaurien.send(signal.SIGTERM)
        vaurien.wait_for('stopping')
        vaurien.send(second)
        assert ending(client) == 'RST'
        assert vaurien.wait() == 0
        assert 'sessions cut: 1\n' in vaurien.log


def test_a_unix_socket_is_removed_at_the_end(tmp_path, backend):
    path = tmp_path / 'a.sock'
    with daemon('--proxy', f'unix:{path}', '--backend', backend.address) as vaurien:
        assert path.exists()
        assert vaurien.stop() == 0
        assert not path.exists()


def start(*argv, **streams):
    return subprocess.Popen([sys.executable, '-m', 'vaurien', *argv], env=environment(), text=True,
                            stdin=subprocess.DEVNULL, **streams)


#: a pipe whose reader has left, as after ``vaurien | head -0``; or nothing at all, as after ``vaurien >&- 2>&-``
@pytest.mark.parametrize('closed', ['stdout', 'stderr', 'both', 'never open'])
def test_closed_standard_streams_do_not_end_it(backend, closed):
    port = free_port()
    arguments = ('--proxy', f'127.0.0.1:{port}', '--backend', backend.address, '--grace', '0')
    if closed == 'never open':
        command = ' '.join([sys.executable, '-m', 'vaurien', *arguments, '>&-', '2>&-'])
        process = subprocess.Popen(['/bin/sh', '-c', f'exec {command}'], env=environment(), stdin=subprocess.DEVNULL)
    else:
        process = start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for stream in ('stdout', 'stderr'):
            if closed in (stream, 'both'):
                getattr(process, stream).close()
    try:
        with accepted(port) as client:
            assert ask(client, b'alive') == b'alive'
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
            if closed == 'stdout':
                assert 'Traceback' not in process.stderr.read()
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def accepted(port):
    """Connect as soon as somebody listens at the port."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return connect(port)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(MS)


def test_it_starts_without_what_it_is_not_asked_for():
    """Falcon and prometheus-client are slow to import, and so is what records and repeats; who uses them pays for it."""
    code = ('import sys; sys.argv[0] = "vaurien"; import vaurien.cli.command, vaurien.config, vaurien.proxies.fleet; '
            'vaurien.config.configure([], {}); '
            'print(*{"falcon", "prometheus_client", "ssl", "asyncio", "http.server", "tempfile", "email.utils", '
            '"vaurien.relay.recording.session", "vaurien.plans.past"} & set(sys.modules))')
    done = subprocess.run([sys.executable, '-c', code], env=environment(), text=True, capture_output=True, check=True)
    assert done.stdout.split() == []
