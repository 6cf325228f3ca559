"""What ``--completion`` of vaurien and vaurienctl prints, in the shells that it is for: typed in a terminal, with the key Tab."""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

import pytest

from tests.support.clusters import listed
from tests.support.daemon import daemon, environment
from tests.support.etcd import etcd_or_skip
from tests.support.members import simulated
from tests.support.peers import free_port
from tests.support.unit_of_time import PATIENCE
from vaurien.cli import main
from vaurien.config.arguments import SHELLS
from vaurien.ctl import main as ctl

#: how each is started without a user's files, and how a function stands in the command's place that shows what it was given
STARTED = {
    'bash': (['bash', '--norc', '--noprofile', '-i'], 'source {}', '{}() {{ echo "GOT[$*]"; }}'),
    'zsh': (['zsh', '-f', '-i'], 'autoload -Uz compinit && compinit -D -u; source {}', '{}() {{ print -r -- "GOT[$*]" }}'),
    'fish': (['fish', '--no-config', '-i'], 'source {}', 'function {}; echo "GOT[$argv]"; end'),
}
#: what is typed before Tab, and what the command is then given
TYPED = {
    'vaurien --fleet': '--fleet-only',
    'vaurien scen': 'scenario',
    'vaurien --protocol memc': '--protocol memcache',
    'vaurien --link satel': '--link satellite',
    'vaurien --behavior-delay-sl': '--behavior-delay-sleep',
    'vaurien help packet': 'help packet_loss',
    'vaurien run --thr': 'run --through',
    'vaurien scenario x.toml --sca': 'scenario x.toml --scale',
    'vaurien ca remo': 'ca remove',
    'vaurien --config only-o': '--config only-one.ini',
    'vaurien --log-level=deb': '--log-level=debug',
    'vaurien --behavior 20:del': '--behavior 20:delay',
    'vaurien --behavior 20:delay,10:er': '--behavior 20:delay,10:error',
    'vaurien --behavior delay,blacko': '--behavior delay,blackout',
    'vaurien run --behavior=20:delay,10:er': 'run --behavior=20:delay,10:error',
    'vaurien --protocol redis --behavior-error-kind readon': '--protocol redis --behavior-error-kind readonly',
    'vaurien --protocol=mysql --behavior-error-kind=read-': '--protocol=mysql --behavior-error-kind=read-only',
    'vaurien --behavior-error-kind masterd': '--behavior-error-kind masterdown',
    'vaurien run --through AN_UNUS': 'run --through AN_UNUSUAL_VARIABLE',
    'vaurien run --through A -- an-unus': 'run --through A -- an-unusual-command',
    'vaurien run --through A -- an-unusual-command only-o': 'run --through A -- an-unusual-command only-one.ini',
}
#: of vaurienctl, beside a vaurien with one proxy
TYPED_TO_CONTROL = {
    'vaurienctl --json proxi': '--json proxies',
    'vaurienctl show defau': 'show default',
    'vaurienctl protocol default memc': 'protocol default memcache',
    'vaurienctl mix default 20:delay,10:er': 'mix default 20:delay,10:error',
    'vaurienctl behavior default delay --sle': 'behavior default delay --sleep',
    'vaurienctl behavior default error --kind slow-h': 'behavior default error --kind slow-headers',
    'vaurienctl add-toxic default latency jit': 'add-toxic default latency jitter=',
    'vaurienctl add-toxic default latency --stream=ups': 'add-toxic default latency --stream=upstream',
    'vaurienctl remove-toxic default bandw': 'remove-toxic default bandwidth_downstream',
    'vaurienctl plan cle': 'plan clear',
}

#: of a cluster, which has a member m1 of zone a and an order
TYPED_TO_CLUSTER = {
    'vaurienctl --cluster @URL@ sce': '--cluster @URL@ scenario',
    'vaurienctl --cluster=@URL@ membe': '--cluster=@URL@ members',
    'vaurienctl --cluster @URL@ mix api 20:delay --par': '--cluster @URL@ mix api 20:delay --partly',
    'vaurienctl mix --cluster @URL@ --on-la': 'mix --cluster @URL@ --on-label',
    'vaurienctl --cluster @URL@ scenario only-o': '--cluster @URL@ scenario only-one.ini',
    'vaurienctl --cluster @URL@ toxic api latency --stream ups': '--cluster @URL@ toxic api latency --stream upstream',
    'vaurienctl --cluster @URL@ mix --on m': '--cluster @URL@ mix --on m1',
    'vaurienctl --cluster @URL@ mix --on-host=simu': '--cluster @URL@ mix --on-host=simulated',
    'vaurienctl --cluster @URL@ mix --on-label zo': '--cluster @URL@ mix --on-label zone=a',
    'vaurienctl --cluster @URL@ end al': '--cluster @URL@ end all',
    'vaurienctl --tim': '--timeout',
}


class Terminal:
    """A shell in a terminal of its own."""

    def __init__(self, command, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            places = dict.fromkeys(('HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME'), str(folder))
            path = f'{folder}/bin:{os.environ["PATH"]}'
            environ = {**environment(), **places, 'TERM': 'dumb', 'PS1': '', 'PATH': path, 'AN_UNUSUAL_VARIABLE': ''}
            os.execvpe(command[0], command, environ)
        self.shown = ''

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait_for(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.shown)):
            assert select.select([self.fd], [], [], max(deadline - time.monotonic(), 0))[0], self.shown
            self.shown += os.read(self.fd, 65536).decode(errors='replace')
        self.shown = self.shown[found.end():]
        return found

    def close(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def check(shell, script, folder, expected):
    """Type the beginnings of commands and Tab into a shell, and see what each command is then given."""
    if not shutil.which(shell):
        assert not os.environ.get('VAURIEN_REQUIRE_SERVERS'), f'no {shell}'
        pytest.skip(f'no {shell}')
    (folder / 'script').write_text(script)
    command, load, stand_in = STARTED[shell]
    program = next(iter(expected)).partition(' ')[0]
    terminal = Terminal(command, folder)
    try:
        terminal.type(f'{load.format(folder / "script")}\n{stand_in.format(program)}\necho RE""ADY\n')
        terminal.wait_for('READY')
        for typed, given in expected.items():
            terminal.type(f'{typed}\t\n')
            assert terminal.wait_for(r'GOT\[(.*?)\]')[1].strip() == given
    finally:
        terminal.close()


@pytest.fixture
def folder(tmp_path):
    """A folder with a file and a command of names that nothing else has."""
    (tmp_path / 'only-one.ini').write_text('')
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'bin' / 'an-unusual-command').touch(0o755)
    return tmp_path


@pytest.mark.parametrize('shell', SHELLS)
def test_tab_completes_flags_values_subcommands_and_names(shell, folder, capsys):
    assert main(['--completion', shell]) == 0
    check(shell, capsys.readouterr().out, folder, TYPED)


@pytest.mark.parametrize('shell', SHELLS)
def test_tab_completes_commands_of_vaurienctl_and_the_names_that_a_running_vaurien_has(shell, folder, capsys, monkeypatch):
    monkeypatch.delenv('VAURIEN_HTTP_TOKEN', raising=False)
    assert ctl(['--completion', shell]) == 0
    ask_ourselves(folder)
    line = '--backend embedded --protocol http --toxic bandwidth:rate=9 --http --http-port 0'
    with daemon(*line.split()) as running:
        running.wait_for('control server')
        monkeypatch.setenv('VAURIEN_CONTROL', running.control)
        check(shell, capsys.readouterr().out, folder, TYPED_TO_CONTROL)


@pytest.fixture(scope='module')
def etcd():
    yield from etcd_or_skip(1)


@pytest.mark.parametrize('shell', SHELLS)
def test_tab_completes_commands_of_a_cluster_and_the_names_that_it_has(shell, folder, etcd, capsys):
    assert ctl(['--completion', shell]) == 0
    ask_ourselves(folder)
    url = etcd.url('x')
    with simulated(url, 1, prefix='m1-', labels={'zone': 'a'}):
        listed(url, 'm1-0')
        expected = {typed.replace('@URL@', url): given.replace('@URL@', url).replace('--on m1', '--on m1-0')
                    for typed, given in TYPED_TO_CLUSTER.items()}
        check(shell, capsys.readouterr().out, folder, expected)


def test_names_are_none_where_no_vaurien_answers_nor_a_cluster(capsys):
    where = f'etcd://127.0.0.1:{free_port()}/x'
    for words in (['members', '--cluster', where, 'mix'], ['nothing', '--cluster', where], ['members', '--cluster', 'x', 'mix']):
        assert ctl(['--complete', *words]) == 0
    assert capsys.readouterr() == ('', '')


def ask_ourselves(folder):
    """Have the script ask this vaurien for names."""
    ask = f'exec {sys.executable} -c "import sys; from vaurien.ctl import main; sys.exit(main())" "$@"'
    (folder / 'bin' / 'vaurienctl').write_text(f'#!/bin/sh\n{ask}\n')
    (folder / 'bin' / 'vaurienctl').chmod(0o755)


def test_names_are_none_where_no_vaurien_answers(capsys):
    for words in (['proxies', 'show'], ['nothing'], [], ['kinds', 'behavior'], ['proxies', '--host', 'https://nowhere', 'show']):
        assert ctl(['--complete', *words[:1], '--host', f'http://127.0.0.1:{free_port()}', *words[1:]]) == 0
    assert capsys.readouterr() == ('', '')


@pytest.mark.parametrize('arguments, said', [
    (['ksh'], "--completion: 'ksh' is not valid, expected one of bash, zsh, fish"),
    ([], "--completion: '' is not valid, expected one of bash, zsh, fish"),
    (['bash', '--http'], "--completion: 'bash --http' is not valid, expected one of bash, zsh, fish"),
], ids=str)
def test_another_shell_is_refused_in_one_line(arguments, said, capsys):
    assert main(['--completion', *arguments]) == 2
    assert capsys.readouterr().err == f'vaurien: {said}\n'
    if '--http' not in arguments:
        assert ctl(['--completion', *arguments]) == 2
        assert capsys.readouterr().err == f'vaurienctl: {said}\n'


def test_flags_of_a_plugin_that_is_loaded_are_there_too(tmp_path):
    (tmp_path / 'ours.py').write_text('''
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy

@Behavior.register
class Ours(Dummy):
    """Ours."""
    name = 'ours'
    options = {'strength': ('How much', int, 1)}
''')
    command = [sys.executable, '-m', 'vaurien', '--plugin', 'ours', '--completion', 'fish']
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert '-l behavior-ours-strength -x' in found.stdout
