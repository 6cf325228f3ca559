"""The trap under calls that may wait: each kind is caught before it waits, and none that does not wait."""
import fcntl
import logging
import os
import select
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

import gevent
import pytest

from tests.support.daemon import environment
from tests.support.peers import listener
from tests.support.trap import MayWaitError, Trap
from tests.support.unit_of_time import PATIENCE


@contextmanager
def pipe():
    """Give the two ends of a pipe."""
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


@contextmanager
def pair():
    one, two = socket.socketpair()
    with one, two:
        yield one, two


@contextmanager
def blocking(family=socket.AF_INET, timeout=None):
    """Give a socket of which connecting waits."""
    with socket.socket(family) as sock:
        sock.settimeout(timeout)
        yield sock


def full(sock):
    """Send until nothing more is taken, and block again."""
    sock.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            sock.send(bytes(1 << 20))
    sock.setblocking(True)
    return sock


def connect(enter, path, **fields):
    enter(blocking(**fields)).connect(enter(listener('127.0.0.1')).getsockname())


def connect_to_a_path(enter, path):
    server = enter(blocking(socket.AF_UNIX))
    server.bind(str(path))
    server.listen()
    enter(blocking(socket.AF_UNIX)).connect(str(path))


def open_a_fifo(enter, path):
    os.mkfifo(path)
    enter(path.open('rb'))


def log_to_a_pipe(enter, path):
    file = enter(os.fdopen(enter(pipe())[1], 'w', closefd=False))
    logging.StreamHandler(file).emit(logging.makeLogRecord({'msg': 'x'}))


def join_a_thread(enter, path):
    thread = threading.Thread(target=lambda: None)
    thread.start()
    try:
        thread.join()
    finally:
        while thread.is_alive():
            gevent.sleep(0)


#: by the name that it is told by, calls that may wait: what is entered ends with the test
WAITS = [
    ('socket.connect', connect),
    ('socket.connect', lambda enter, path: connect(enter, path, timeout=1.0)),
    ('socket.connect', connect_to_a_path),
    ('socket.connect', lambda enter, path: enter(blocking(timeout=0)).connect_ex(('localhost', 1))),
    ('socket.bind', lambda enter, path: enter(blocking(timeout=0)).bind(('localhost', 0))),
    ('socket.getaddrinfo', lambda enter, path: socket.getaddrinfo('localhost', 80)),
    ('socket.gethostbyname', lambda enter, path: socket.gethostbyname('localhost')),
    ('socket.gethostbyaddr', lambda enter, path: socket.getfqdn('127.0.0.1')),
    ('open', open_a_fifo),
    ('fcntl.flock', lambda enter, path: fcntl.flock(enter(path.open('wb')), fcntl.LOCK_EX)),
    ('subprocess.Popen', lambda enter, path: subprocess.run([sys.executable, '-c', ''], check=True)),
    ('time.sleep', lambda enter, path: time.sleep(1e-6)),
    ('Thread.join', join_a_thread),
    ('os.read', lambda enter, path: os.read(enter(pipe())[0], 1)),
    ('os.write', lambda enter, path: os.write(enter(pipe())[1], b'x')),
    ('os.fsync', lambda enter, path: os.fsync(enter(path.open('wb')).fileno())),
    ('os.waitpid', lambda enter, path: os.waitpid(-1, 0)),
    ('select.select', lambda enter, path: select.select([], [], [], 1e-6)),
    ('socket.recv', lambda enter, path: enter(pair())[0].recv(1)),
    ('socket.send', lambda enter, path: full(enter(pair())[0]).send(b'x')),
    ('socket.accept', lambda enter, path: enter(listener('127.0.0.1')).accept()),
    ('StreamHandler.emit', log_to_a_pipe),
]


@pytest.mark.parametrize('name, call', WAITS, ids=[f'{number} {name}' for number, (name, _) in enumerate(WAITS)])
def test_what_may_wait_is_caught_before_it_does(tmp_path, name, call):
    with Trap() as trap, ExitStack() as stack, pytest.raises(MayWaitError):
        call(stack.enter_context, tmp_path / 'file')
    assert [found.name for found in trap.calls] == [name]
    assert f'in {call.__name__}' in trap.calls[0].stack
    assert str(trap).startswith(f'{name}(')


def send_and_receive(enter, path):
    one, two = enter(pair())
    one.sendall(b'x')
    two.recv(1)


def pass_through_a_pipe(enter, path):
    read, write = enter(pipe())
    os.set_blocking(write, False)
    os.write(write, b'x')
    os.read(read, 1)


def connect_without_waiting(enter, path):
    enter(blocking(timeout=0)).connect_ex(enter(listener('127.0.0.1')).getsockname())


def write_a_file(enter, path):
    with path.open('w') as file:
        file.write('x')
        os.write(file.fileno(), b'x')
        logging.StreamHandler(file).emit(logging.makeLogRecord({'msg': 'x'}))


DOES_NOT_WAIT = [
    send_and_receive, pass_through_a_pipe, connect_without_waiting, write_a_file,
    lambda enter, path: socket.getaddrinfo('127.0.0.1', 80),
    lambda enter, path: socket.getaddrinfo('::1', 80),
    lambda enter, path: socket.getaddrinfo(None, 80),
    lambda enter, path: enter(blocking()).bind(('', 0)),
    lambda enter, path: enter(blocking(socket.AF_UNIX)).bind(str(path)),
    lambda enter, path: fcntl.flock(enter(path.open('wb')), fcntl.LOCK_EX | fcntl.LOCK_NB),
    lambda enter, path: time.sleep(0),
    lambda enter, path: select.select([], [], [], 0),
    lambda enter, path: gevent.get_hub().resolver.getaddrinfo('localhost', 80),
    lambda enter, path: gevent.get_hub().threadpool.apply(time.sleep, (1e-6,)),
    lambda enter, path: gevent.sleep(1e-6),
]


@pytest.mark.parametrize('call', DOES_NOT_WAIT, ids=map(str, range(len(DOES_NOT_WAIT))))
def test_what_does_not_wait_is_let_through(tmp_path, call):
    with Trap() as trap, ExitStack() as stack:
        call(stack.enter_context, tmp_path / 'file')
    assert not trap.calls
    assert str(trap) == 'nothing has waited'


def test_what_holds_up_the_loop_on_purpose_is_let_through():
    with Trap() as trap:
        with trap.lifted():
            time.sleep(1e-6)
        with pytest.raises(MayWaitError):
            time.sleep(1e-6)
    assert len(trap.calls) == 1


def test_other_threads_may_wait_and_afterwards_so_may_this_one():
    with Trap() as trap:
        gevent.get_hub().threadpool.apply(socket.getfqdn, ('127.0.0.1',))
    assert not trap.calls
    assert socket.getaddrinfo('localhost', 80)
    time.sleep(1e-6)


PROGRAM = """
import socket
import gevent
def look_up():
    try:
        socket.getaddrinfo('localhost', 80)
    except AssertionError:
        print('caught')
socket.getaddrinfo('localhost', 80)
gevent.spawn(look_up).join()
"""


def test_a_whole_program_is_trapped_from_its_first_turn_in_the_loop_on(tmp_path):
    (tmp_path / 'program.py').write_text(PROGRAM)
    report = tmp_path / 'report'
    environ = environment()
    environ['PYTHONPATH'] = os.pathsep.join((str(tmp_path), environ['PYTHONPATH']))
    done = subprocess.run([sys.executable, '-m', 'tests.support.trap', str(report), 'program'], env=environ, capture_output=True,
                          text=True, timeout=PATIENCE, check=True)
    assert done.stdout == 'caught\n'
    assert report.read_text().startswith("socket.getaddrinfo('localhost', 80, ")
    assert 'in look_up' in report.read_text()
