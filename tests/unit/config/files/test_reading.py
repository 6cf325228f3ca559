"""Files of a configuration: read as they are at first, and later only where that waits for no one."""
import os
import threading

import pytest

from tests.support.trap import Trap
from vaurien.config.files.reading import MAX_FILE_BYTES, read_again, read_first
from vaurien.errors import ConfigError

EVERY = pytest.mark.parametrize('read', [read_first, read_again])


@EVERY
def test_a_file_is_read_as_it_is(tmp_path, read):
    path = tmp_path / 'file'
    path.write_bytes(b'[vaurien]\r\n\xff')
    with Trap() as trap:
        assert read(path) == b'[vaurien]\r\n\xff'
    assert not trap.calls, str(trap)


@EVERY
def test_of_a_long_file_one_byte_more_than_allowed_is_read(tmp_path, read):
    path = tmp_path / 'file'
    path.write_bytes(bytes(MAX_FILE_BYTES + 1000))
    assert len(read(path)) == MAX_FILE_BYTES + 1


@EVERY
def test_a_folder_and_what_is_not_there_are_errors_of_the_system(tmp_path, read):
    for path in (tmp_path, tmp_path / 'nothing'):
        with pytest.raises(OSError, match='file' if path != tmp_path else 'directory'):
            read(path)


@pytest.fixture
def fifo(tmp_path):
    """A pipe that nobody has opened."""
    path = tmp_path / 'pipe'
    os.mkfifo(path)
    return path


def test_a_pipe_is_read_at_first(fifo):
    writer = threading.Thread(target=fifo.write_bytes, args=(b'[vaurien]',))
    writer.start()
    assert read_first(fifo) == b'[vaurien]'
    writer.join()


def test_a_pipe_is_not_waited_for_later(fifo):
    with Trap() as trap, pytest.raises(ConfigError, match="^file: '.*pipe' is not valid, expected a regular file, which can be"):
        read_again(fifo)
    assert not trap.calls, str(trap)
