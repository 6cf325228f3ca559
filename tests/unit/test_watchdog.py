"""The watchdog itself: it sees every callback of a loop, however that was asked for, and names the one that runs long."""
import functools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import gevent
import pytest

from tests.support.daemon import ROOT, environment
from tests.support.unit_of_time import MS
from tests.support.watchdog import LONG, STEP, Watchdog, name_of

#: [s] of processor time, clearly more than anything else in these tests takes
WORK = 20 * LONG


def work(seconds: float = WORK) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
    worked.append(seconds)


#: one entry for each time that work was done
worked: list[float] = []


def wait_for_work() -> None:
    before = len(worked)
    while len(worked) == before:
        gevent.sleep(MS)


class Worker:
    def work(self) -> None:
        work()


def in_new_loop(job: Callable[[], object]) -> None:
    """Run something in a thread with an event loop of its own."""
    def run() -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - raised again below
            failures.append(error)
        gevent.get_hub().destroy(destroy_loop=True)
    failures: list[BaseException] = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def by_timer() -> None:
    timer = gevent.get_hub().loop.timer(MS)
    timer.start(work)
    wait_for_work()
    timer.close()


def by_a_timer_started_again() -> None:
    timer = gevent.get_hub().loop.timer(MS, MS)
    timer.again(Worker().work)
    wait_for_work()
    timer.close()


def by_callback() -> None:
    gevent.get_hub().loop.run_callback(functools.partial(work, WORK))
    wait_for_work()


def by_input() -> None:
    from gevent import socket
    left, right = socket.socketpair()
    watcher = gevent.get_hub().loop.io(right.fileno(), 1)
    watcher.start(lambda: (watcher.stop(), work()))
    left.sendall(b'x')
    wait_for_work()
    watcher.close()
    left.close()
    right.close()


def by_new_greenlet() -> None:
    gevent.spawn(work).join()


def by_greenlet_that_waited() -> None:
    def run() -> None:
        gevent.sleep(MS)
        work()
    gevent.spawn(run).join()


@pytest.mark.parametrize('job, name', [
    (by_timer, 'work'), (by_a_timer_started_again, 'Worker.work'), (by_callback, 'work'),
    (by_input, 'by_input.<locals>.<lambda>'),
    (by_new_greenlet, 'work'), (by_greenlet_that_waited, 'by_greenlet_that_waited.<locals>.run'),
])
def test_a_long_callback_is_measured_and_named_however_it_came_to_run(job, name):
    with Watchdog() as dog:
        in_new_loop(job)
    assert dog.worst.name == name
    assert dog.worst.seconds >= WORK
    assert dog.percentile(100) >= WORK
    assert name in str(dog)


def test_percentiles_leave_out_what_is_rare():
    dog = Watchdog()
    assert dog.percentile(99.99) == 0
    for _ in range(99):
        dog._took(STEP / 2, work)
    dog._took(WORK, work)
    assert (dog.count, dog.percentile(99)) == (100, STEP)
    assert WORK <= dog.total <= WORK + 100 * STEP
    assert WORK <= dog.percentile(99.5) <= WORK + STEP


def test_waiting_is_no_work_and_what_raises_is_measured_too():
    def fails() -> None:
        work()
        raise ValueError
    with Watchdog() as dog:
        in_new_loop(lambda: gevent.sleep(5 * WORK))
        assert dog.worst.seconds < WORK
        assert dog.count
        with pytest.raises(ValueError):     # noqa: PT011 - of its own
            dog.measure(fails)
    assert dog.worst.seconds >= WORK


def test_a_loop_that_was_made_without_it_is_left_alone():
    with Watchdog() as dog:
        pass
    in_new_loop(by_callback)
    assert dog.count == 0


def test_a_socket_that_is_closed_while_a_greenlet_waits_for_it_wakes_that_up():
    from gevent import socket

    def close_under_it() -> None:
        left, right = socket.socketpair()
        reader = gevent.spawn(right.recv, 1)
        gevent.sleep(MS)
        right.close()
        with pytest.raises(OSError, match='closed'):
            reader.get()
        left.close()
    with Watchdog():
        in_new_loop(close_under_it)


@pytest.mark.parametrize('callback, name', [
    (work, 'work'), (functools.partial(functools.partial(work), 1), 'work'), (Worker().work, 'Worker.work'),
])
def test_names(callback, name):
    assert name_of(callback) == name


def test_a_program_runs_under_it_and_its_report_is_there_when_it_has_ended(tmp_path):
    (tmp_path / 'program.py').write_text(
        'import sys, time, gevent\n'
        'def work():\n'
        '    end = time.thread_time() + float(sys.argv[1])\n'
        '    while time.thread_time() < end:\n'
        '        pass\n'
        'gevent.spawn(work).join()\n'
        'sys.exit(3)\n')
    report = tmp_path / 'report'
    done = subprocess.run([sys.executable, '-m', 'tests.support.watchdog', report, 'program', str(WORK)], cwd=ROOT, check=False,
                          env={**environment(), 'PYTHONPATH': f'{ROOT}:{tmp_path}'}, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    found = json.loads(report.read_text())
    assert found['longest'][0][1] == 'work'
    assert WORK <= found['longest'][0][0] <= found['99.99 %']
    assert found['count'] >= 1
