"""The command's own parts, without a process: exit statuses, lines, and the control server that may be missing."""
import io
import os
import socket
import subprocess
import sys
import types

import pytest
from msgspec.structs import replace

from vaurien.cli import command as cli
from vaurien.cli import main
from vaurien.cli.command import say
from vaurien.cli.parts import open_control
from vaurien.errors import BackendError, ConfigError, RegistrationError, UnknownPluginError, VaurienError, cannot_listen
from vaurien.spec import ProcessSpec
from vaurien.words.console import complain


@pytest.mark.parametrize('error, status, line', [
    (ConfigError('--a', 'b', 'c'), 2, "--a: 'b' is not valid, expected c"),
    (UnknownPluginError('behavior', 'x', ['a']), 2, "the 'x' behavior does not exist, known: a"),
    (RegistrationError('no class'), 2, 'no class'),
    (BackendError('h:1', 'down'), 1, 'backend h:1 cannot be reached: down'),
    (VaurienError('broken'), 1, 'broken'),
    (FileNotFoundError(2, 'No such file or directory', 'a\nb.ini'), 1, 'a\\nb.ini: No such file or directory'),
    (cannot_listen('proxy a', 'h:1', OSError(98, 'Address already in use')), 1,
     'proxy a cannot listen on h:1: Address already in use'),
    (cannot_listen('proxy a', 'h:1', OSError('odd')), 1, 'proxy a cannot listen on h:1: odd'),
    (OSError('odd'), 1, 'odd'),
    (OSError(24, 'Too many open files'), 1, 'Too many open files'),
])
def test_an_error_is_one_line_and_a_status(monkeypatch, capsys, error, status, line):
    def fails(configuration):
        raise error
    monkeypatch.setattr(cli, 'run', fails)
    assert main([]) == status
    assert capsys.readouterr() == ('', f'vaurien: {line}\n')


#: a Python that has what Python has on Windows, as far as vaurien would stumble over it
ON_WINDOWS = '''
import shutil, signal, socket, subprocess, sys
for module, names in ((signal, ('SIGHUP', 'SIGQUIT')), (socket, ('AF_UNIX',))):
    for name in names:
        delattr(module, name)
for name in ('fcntl', 'pwd', 'resource', 'termios'):
    sys.modules[name] = None
sys.platform = 'win32'
from vaurien.{module} import main
sys.exit(main({words}))
'''


@pytest.mark.parametrize('words', [[], ['--http'], ['--version'], ['help'], ['run', '--', 'true']])
def test_on_windows_one_line_says_that_it_does_not_work_there(words):
    code = ON_WINDOWS.format(module='cli', words=words)
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == 'vaurien: it does not work on Windows; it does in the Windows Subsystem for Linux, and in a container\n'


def test_vaurienctl_can_be_asked_on_windows():
    code = ON_WINDOWS.format(module='ctl', words=['proxies', '--help'])
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, '')
    assert 'List the proxies.' in done.stdout


def test_an_interrupt_while_starting_shows_no_traceback(monkeypatch, capsys):
    def interrupted(configuration):
        raise KeyboardInterrupt
    monkeypatch.setattr(cli, 'run', interrupted)
    assert main([]) == 130
    assert capsys.readouterr() == ('', '')


def test_the_arguments_of_the_process_are_taken_where_none_are_given(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['vaurien', '--version'])
    assert main() == 0
    assert capsys.readouterr().out == '3.0.dev0\n'


def test_a_complaint_is_one_line_whatever_is_in_it(capsys):
    assert complain('vaurien', 'a\nb\x1b[2J', 2) == 2
    assert capsys.readouterr().err == 'vaurien: a\\nb\\x1b[2J\n'


def test_lines_leave_at_once(monkeypatch):
    out = io.TextIOWrapper(io.BufferedWriter(raw := io.BytesIO(), 4096))
    monkeypatch.setattr(sys, 'stdout', out)
    say('hello')
    assert raw.getvalue() == b'vaurien: hello\n'


@pytest.mark.parametrize('stream', ['stdout', 'stderr'])
def test_a_stream_that_was_never_open_is_nothing_to_fail_for(monkeypatch, stream):
    monkeypatch.setattr(sys, stream, None)
    say('hello')
    assert complain('vaurien', 'hello', 1) == 1


def test_an_output_that_nobody_reads_is_given_up_for_good():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, '-c', 'from vaurien.cli.command import say; say("a"); say("b")'],
                          stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b'')


class FakeServer:
    """A control server that says what it was made with."""

    def __init__(self, *arguments, exploring):
        self.arguments, self.started, self.exploring = arguments, False, exploring
        self.address = '127.0.0.1:8080'

    def start(self):
        self.started = True


SPEC = ProcessSpec(http=True, http_host='::1', http_port=0, http_token='secret', http_allow=('10.0.0.0/8',),
                   http_cert='cert', http_key='key')


def control(monkeypatch, **names):
    monkeypatch.setitem(sys.modules, 'vaurien.control.app', types.SimpleNamespace(**names))


def test_the_control_server_gets_the_fleet_an_address_and_the_token(monkeypatch):
    control(monkeypatch, ControlServer=FakeServer)
    server = open_control('fleet', SPEC)
    *arguments, listener = server.arguments
    with listener:
        assert server.started
        assert server.exploring is None
        assert arguments == ['fleet', '::1', 0, 'secret', False, ('10.0.0.0/8',), 'cert', 'key']
        assert listener.getsockname()[0] == '::1'


def test_a_control_server_that_cannot_listen_is_named():
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match='Address already in use') as caught:
            open_control('fleet', replace(SPEC, http_host='127.0.0.1', http_port=port))
    assert caught.value.filename == f'control server cannot listen on 127.0.0.1:{port}'


def test_a_control_server_whose_libraries_are_missing_is_not_available(monkeypatch):
    monkeypatch.setitem(sys.modules, 'vaurien.control.app', None)
    with pytest.raises(VaurienError, match='^--http: the control server is not available: '):
        open_control('fleet', SPEC)
