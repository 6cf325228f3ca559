"""What ``vaurien --completion`` prints, in the shells that it is for: typed into a terminal, with the key Tab."""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

import pytest

from tests.support.unit_of_time import PATIENCE
from vaurien.cli import main
from vaurien.config.arguments import SHELLS

#: how each is started without a user's files, and how a function stands in the command's place that shows what it was given
STARTED = {
    'bash': (['bash', '--norc', '--noprofile', '-i'], 'source {}', 'vaurien() {{ echo "GOT[$*]"; }}'),
    'zsh': (['zsh', '-f', '-i'], 'autoload -Uz compinit && compinit -D -u; source {}', 'vaurien() {{ print -r -- "GOT[$*]" }}'),
    'fish': (['fish', '--no-config', '-i'], 'source {}', 'function vaurien; echo "GOT[$argv]"; end'),
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
    'vaurien --config only-o': '--config only-one.ini',
    'vaurien --log-level=deb': '--log-level=debug',
}


class Terminal:
    """A shell in a terminal of its own."""

    def __init__(self, command, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            environ = {**os.environ, 'TERM': 'dumb', 'HOME': str(folder), 'PS1': '', 'XDG_CONFIG_HOME': str(folder),
                       'XDG_DATA_HOME': str(folder)}
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


@pytest.mark.parametrize('shell', SHELLS)
def test_tab_completes_flags_values_subcommands_and_names(shell, tmp_path, capsys):
    if not shutil.which(shell):
        assert not os.environ.get('VAURIEN_REQUIRE_SERVERS'), f'no {shell}'
        pytest.skip(f'no {shell}')
    assert main(['--completion', shell]) == 0
    script = tmp_path / 'script'
    script.write_text(capsys.readouterr().out)
    (tmp_path / 'only-one.ini').write_text('')
    command, load, stand_in = STARTED[shell]
    terminal = Terminal(command, tmp_path)
    try:
        terminal.type(f'{load.format(script)}\n{stand_in.format()}\necho RE""ADY\n')
        terminal.wait_for('READY')
        for typed, given in TYPED.items():
            terminal.type(f'{typed}\t\n')
            assert terminal.wait_for(r'GOT\[(.*?)\]')[1].strip() == given
    finally:
        terminal.close()


@pytest.mark.parametrize('arguments, said', [
    (['ksh'], "--completion: 'ksh' is not valid, expected one of bash, zsh, fish"),
    ([], "--completion: '' is not valid, expected one of bash, zsh, fish"),
    (['bash', '--http'], "--completion: 'bash --http' is not valid, expected one of bash, zsh, fish"),
], ids=str)
def test_another_shell_is_refused_in_one_line(arguments, said, capsys):
    assert main(['--completion', *arguments]) == 2
    assert capsys.readouterr().err == f'vaurien: {said}\n'


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
