"""The watch over the parent: the end of standard input, and nothing that waits for it."""
import contextlib
import os

import gevent
import pytest
from gevent.event import Event

from tests.support.trap import Trap
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.cli import parent
from vaurien.cli.parent import Parent, read_at_hand


@pytest.fixture
def ends():
    """The two ends of a pipe, each of which a test may have closed."""
    both = os.pipe()
    yield both
    for end in both:
        with contextlib.suppress(OSError):
            os.close(end)


def test_what_arrives_is_dropped_and_the_end_is_told_once(ends, monkeypatch):
    monkeypatch.setattr(parent, 'STDIN', ends[0])
    told, ended = [], Event()
    with Trap() as trap, contextlib.closing(Parent(lambda: (told.append(1), ended.set()))):
        os.set_blocking(ends[1], False)
        os.write(ends[1], b'x' * 10_000)
        gevent.sleep(20 * MS)
        assert not told
        os.close(ends[1])
        assert ended.wait(PATIENCE)
        gevent.sleep(20 * MS)
    assert told == [1]
    assert not trap.calls, str(trap)


def test_what_another_process_has_read_is_not_waited_for(ends):
    with Trap() as trap, pytest.raises(BlockingIOError):
        read_at_hand(ends[0])
    assert not trap.calls, str(trap)


def test_a_file_and_a_terminal_are_read_too(tmp_path):
    (tmp_path / 'file').write_bytes(b'abc')
    with (tmp_path / 'file').open('rb') as file:
        assert [read_at_hand(file.fileno()), read_at_hand(file.fileno())] == [3, 0]
    ours, theirs = os.openpty()
    try:
        os.write(ours, b'a line\n')
        assert read_at_hand(theirs) == 7
    finally:
        os.close(ours)
        os.close(theirs)
