"""What the keeper does in its own process: a network for itself, and processes that it has started."""
import ctypes
import os
import signal
import socket
import subprocess
import sys

import pytest

from vaurien.run.keeper import Lines, network, processes
from vaurien.run.keeper.process import encode

LINUX = pytest.mark.skipif(sys.platform != 'linux', reason='only Linux has it')
NOBODY = 65534
PR_SET_DUMPABLE = 4     #: of prctl(2); a process that changes its user would have to be root to write to its own /proc


def in_a_child(call):
    """Return what a call prints, or how it fails, in a process of its own."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writer, str(call()).encode())
        except OSError as error:
            os.write(writer, f'OSError {error.strerror}'.encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        text = said.read()
    os.waitpid(pid, 0)
    return text


def entered():
    first, second = network.enter([(socket.AF_INET, '127.0.0.1', 0), (socket.AF_INET, '10.9.8.7', 80)])
    with socket.create_connection(second.getsockname(), 1):
        return first.getsockname()[0], second.getsockname(), os.getuid()


def as_nobody():
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    return entered()


@LINUX
@pytest.mark.parametrize('call, user', [(entered, os.getuid()), (as_nobody, NOBODY)])
def test_a_network_of_its_own_has_the_addresses_that_were_wanted_and_the_user_stays(call, user):
    if os.getuid() != 0 and call is as_nobody:
        pytest.skip('only root can become another user')
    said = in_a_child(call)
    if said.startswith('OSError'):
        assert said in ('OSError Operation not permitted', 'OSError Permission denied')     # as in many containers
        pytest.skip(said)
    assert said == str(('127.0.0.1', ('10.9.8.7', 80), user))


def test_messages_come_out_of_any_slices():
    data = encode({'do': 'signal', 'number': 2}) + encode({'environ': {'A': 'b\n\udcff'}})
    lines = Lines()
    assert [message for at in range(len(data)) for message in lines.feed(data[at:at + 1])] == \
        [{'do': 'signal', 'number': 2}, {'environ': {'A': 'b\n\udcff'}}]


def test_what_is_below_a_process_is_found_and_ended():
    def call():
        subprocess.Popen(['sh', '-c', 'trap "" TERM; sleep 1000 & sleep 1000 & wait'])
        while len(processes.below(os.getpid())) < 3:
            pass
        return processes.end(os.getpid(), 0.0), processes.below(os.getpid())
    assert in_a_child(call) == '(3, set())'


def test_processes_are_known_without_proc_too(monkeypatch):
    child = subprocess.Popen(['sleep', '1000'])
    try:
        assert processes.shown_parents()[child.pid] == processes.parents()[child.pid] == os.getpid()
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
