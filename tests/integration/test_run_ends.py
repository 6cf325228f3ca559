"""How ``vaurien run`` ends: what ends whom, the status that comes of it, and that nothing is left in any order of dying."""
import os
import signal
import sys

import pytest

from tests.support.running import running, wait_until

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='what is left is looked for in /proc')

#: a command that writes down its process and the signals that it gets, and that ends by them, or not
COMMAND = """
import os, signal, subprocess, sys, time
word, caught = sys.argv[1], sys.argv[2].split(',')
def got(number, frame):
    with open('got', 'a') as file:
        file.write(signal.Signals(number).name + '\\n')
    if word == 'once':
        sys.exit(7)
for name in filter(None, caught):
    signal.signal(signal.Signals[name], got)
if word in ('forks', 'leaves', 'daemon'):
    subprocess.Popen(['sleep', '1000'], start_new_session=word == 'daemon')
open('pid', 'w').write(str(os.getpid()))
os.rename('pid', 'command')
if word == 'leaves':
    sys.exit(4)
if word == 'stops':
    os.kill(os.getpid(), signal.SIGSTOP)
while True:
    time.sleep(1)
"""


def command(word='waits', caught=''):
    return ['--', sys.executable, '-S', '-c', COMMAND, word, caught]


def started(run):
    wait_until(lambda: run.said('command'), 'the command has not started')
    return int(run.said('command'))


#: who gets which signal, what the command makes of it, and the status that vaurien has then
CASES = {
    'INT to vaurien': ('vaurien', 'SIGINT', command(), 130),
    'TERM to vaurien': ('vaurien', 'SIGTERM', command(), 143),
    'HUP to vaurien': ('vaurien', 'SIGHUP', command(), 129),
    'USR1 to vaurien': ('vaurien', 'SIGUSR1', command(), 138),
    'KILL to vaurien': ('vaurien', 'SIGKILL', command(), -9),
    'KILL to vaurien, the command ignores TERM': ('vaurien', 'SIGKILL', command('ignores', 'SIGTERM'), -9),
    'KILL to vaurien, the command has forked': ('vaurien', 'SIGKILL', command('forks'), -9),
    'KILL to vaurien, the command has a daemon': ('vaurien', 'SIGKILL', command('daemon'), -9),
    'INT to the command': ('command', 'SIGINT', command(), 130),
    'TERM to the command': ('command', 'SIGTERM', command(), 143),
    'HUP to the command': ('command', 'SIGHUP', command(), 129),
    'KILL to the command': ('command', 'SIGKILL', command(), 137),
    'KILL to the command, which has forked': ('command', 'SIGKILL', command('forks'), 137),
    'KILL to the keeper': ('keeper', 'SIGKILL', command(), 1),
    'KILL to the keeper, the command ignores TERM': ('keeper', 'SIGKILL', command('ignores', 'SIGTERM'), 1),
    'INT to the group, the command ends by it': ('group', 'SIGINT', command('once', 'SIGINT'), 7),
    'KILL to the group': ('group', 'SIGKILL', command(), -9),
}


@pytest.mark.parametrize('case', CASES)
def test_nothing_is_left_and_the_status_says_how_it_ended(case, tmp_path):
    who, name, words, status = CASES[case]
    with running(tmp_path, *words, sockets=case != 'KILL to the group') as run:     # that leaves no process to remove a file
        pid = started(run)
        if who == 'group':
            os.killpg(os.getpgid(pid), signal.Signals[name])
        else:
            os.kill({'vaurien': run.pid, 'command': pid}.get(who) or run.keeper(), signal.Signals[name])
        assert run.wait() == status


def test_what_a_command_leaves_behind_ends_with_it(tmp_path):
    with running(tmp_path, *command('leaves')) as run:
        started(run)
        assert run.wait() == 4
    assert '1 process that the command left behind: ended' in run.said('stderr')


def test_a_command_that_handles_a_signal_goes_on_and_gets_it_once(tmp_path):
    with running(tmp_path, *command('catches', 'SIGTERM')) as run:
        started(run)
        for count in (1, 2):
            os.kill(run.pid, signal.SIGTERM)
            wait_until(lambda count=count: run.said('got').count('SIGTERM') == count, 'the signal was not passed on')
        assert run.pid in run.processes()
        os.kill(int(run.said('command')), signal.SIGKILL)
        assert run.wait() == 137


def test_vaurien_and_its_keeper_killed_together_end_the_command(tmp_path):
    with running(tmp_path, *command(), sockets=False) as run:
        started(run)
        keeper = run.keeper()
        os.kill(run.pid, signal.SIGSTOP)    # it must not notice
        os.kill(keeper, signal.SIGKILL)
        os.kill(run.pid, signal.SIGKILL)
        assert run.wait() == -9


# -- with a terminal

def test_ctrl_c_reaches_the_command_once(tmp_path):
    with running(tmp_path, *command('once', 'SIGINT'), terminal=True) as run:
        started(run)
        os.write(run.terminal, b'\x03')
        assert run.wait() == 7
    assert run.said('got') == 'SIGINT\n'


def test_a_terminal_that_is_closed_ends_the_command(tmp_path):
    with running(tmp_path, *command(), terminal=True) as run:
        started(run)
        os.close(run.terminal)
        run.terminal = None
        assert run.wait() == 129


def test_ctrl_z_stops_command_and_vaurien_and_both_go_on(tmp_path):
    with running(tmp_path, *command(), terminal=True) as run:
        pid = started(run)
        os.kill(pid, signal.SIGSTOP)    # of the first process of a session no terminal stops the group
        wait_until(lambda: run.state(pid) == run.state(run.pid) == 'T', 'vaurien is not stopped')
        os.killpg(os.getpgid(pid), signal.SIGCONT)
        wait_until(lambda: 'T' not in (run.state(pid), run.state(run.pid)), 'it does not go on')
        os.kill(run.pid, signal.SIGTERM)
        assert run.wait() == 143


def test_without_a_terminal_a_command_that_stops_does_not_stop_the_proxies(tmp_path):
    with running(tmp_path, *command('stops')) as run:
        pid = started(run)
        wait_until(lambda: run.state(pid) == 'T', 'it has not stopped')
        assert run.state(run.pid) != 'T'
        os.kill(run.pid, signal.SIGCONT)
        wait_until(lambda: run.state(pid) != 'T', 'it does not go on')
        os.kill(run.pid, signal.SIGTERM)
        assert run.wait() == 143
