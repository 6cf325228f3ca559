"""Lines to a descriptor that takes them or not; nobody waits for it, and what is lost is counted."""
import io
import os
import sys
import threading

import pytest

from tests.support.unit_of_time import MS, PATIENCE
from vaurien.cli import background
from vaurien.cli.background import BackgroundWriter, never_waiting
from vaurien.cli.log import close_log, open_log

LINES = 1000


def tell(count):
    return f'dropped {count}\n'


@pytest.fixture
def pipe():
    """Give a writer to a pipe and a function that reads the pipe to its end."""
    read, write = os.pipe()
    writer = BackgroundWriter(write, tell, owned=True)

    def rest():
        closing = threading.Thread(target=writer.close)
        closing.start()
        with os.fdopen(read, 'rb') as stream:
            text = stream.read().decode()
        closing.join(PATIENCE)
        return text
    return writer, rest


def test_lines_arrive_in_order(pipe):
    writer, rest = pipe
    for number in range(LINES):
        writer.write(f'{number} ünïcode \ud800\n')
    assert rest() == ''.join(f'{number} ünïcode \\ud800\n' for number in range(LINES))


def test_what_is_not_read_is_dropped_and_counted_where_it_would_stand(pipe, monkeypatch):
    monkeypatch.setattr(background, 'MAX_PENDING_BYTES', 50_000)
    monkeypatch.setattr(background, 'FLUSH_TIMEOUT', PATIENCE)
    writer, rest = pipe
    for number in range(LINES):
        writer.write(f'{number:999}\n')     # a pipe holds 64 KiB, and nobody reads it
    expected, lost = 0, 0
    for line in rest().splitlines():
        if line.startswith('dropped '):
            lost += int(line.removeprefix('dropped '))
            expected += int(line.removeprefix('dropped '))
        else:
            assert int(line) == expected    # all are there up to those that were dropped, and from there on
            expected += 1
    assert expected == LINES
    assert lost > LINES / 2


def test_lines_go_on_after_those_that_were_dropped(pipe, monkeypatch):
    monkeypatch.setattr(background, 'MAX_PENDING_BYTES', 100)
    writer, rest = pipe
    writer.write('x' * 101)
    writer.write('y' * 60)      # half of it has to be free again
    writer.write('z' * 50)
    assert rest() == 'dropped 2\n' + 'z' * 50


def test_the_end_waits_for_what_is_taken_and_no_longer(pipe, monkeypatch):
    monkeypatch.setattr(background, 'FLUSH_TIMEOUT', 20 * MS)
    writer, rest = pipe
    writer.write('x' * 200_000)
    writer.close()      # with nobody reading
    assert rest() == 'x' * 200_000


def test_a_pipe_without_a_reader_costs_the_lines_and_nothing_else():
    read, write = os.pipe()
    os.close(read)
    writer = BackgroundWriter(write, tell, owned=True)
    for number in range(LINES):
        writer.write(f'{number}\n')
    writer.close()
    with pytest.raises(OSError, match='Bad file descriptor'):
        os.fstat(write)


def test_a_descriptor_on_which_another_process_does_not_wait_is_waited_for(pipe):
    writer, rest = pipe
    os.set_blocking(writer._number, False)
    writer.write('x' * 200_000)
    assert rest() == 'x' * 200_000


def test_what_never_waits_is_written_to_as_it_is(tmp_path):
    with open(tmp_path / 'file', 'w', encoding='utf-8') as file:
        for stream in (file, io.StringIO(), None):
            with never_waiting(stream, tell) as found:
                assert found is stream


def test_a_log_into_a_named_pipe_waits_for_no_reader_and_outlives_him(tmp_path):
    path = str(tmp_path / 'pipe')
    os.mkfifo(path)
    log = open_log('info', path)
    first = os.open(path, os.O_RDONLY)
    log.stream.write('one\n')
    assert os.read(first, 100) == b'one\n'
    os.close(first)
    log.stream.write('two\n')
    second = os.open(path, os.O_RDONLY)
    assert os.read(second, 100) == b'two\n'
    close_log(log)
    os.close(second)


def test_a_log_says_what_is_missing_from_it(monkeypatch):
    monkeypatch.setattr(background, 'MAX_PENDING_BYTES', 5000)
    read, write = os.pipe()
    with os.fdopen(write, 'w') as stream, os.fdopen(read, 'r') as reader:
        monkeypatch.setattr(sys, 'stderr', stream)
        log = open_log('info', '-')
        log.stream.write('x' * 5001)
        close_log(log)
        stream.close()
        assert reader.read().partition(' ')[2].partition(' ')[2] == \
            'WARNING vaurien.cli.log: lines of the log that were dropped, as nothing has read them in time: 1\n'
