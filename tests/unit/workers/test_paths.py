"""Unix sockets that are held for all workers."""
import errno
import os
import socket

import pytest

from vaurien.workers.paths import Paths


@pytest.fixture
def where(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)     # a path may have 107 bytes
    return socket.AF_UNIX, 'path'


def connects(path):
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex(path) == 0


def test_one_listens_until_it_is_left_out(where):
    paths = Paths()
    with paths.open(where, 5):
        assert list(paths.descriptors) == ['path']
        with pytest.raises(OSError, match=os.strerror(errno.EADDRINUSE)):
            paths.open(where, 5)    # another proxy
    with paths.open(where, 5):      # the same one comes back: it never stopped
        paths.keep({'path'})
        assert connects('path')
    paths.keep(())
    assert (paths.descriptors, os.listdir()) == ({}, [])


def test_the_file_of_another_one_at_its_path_stays(where):
    paths = Paths()
    paths.open(where, 5).close()
    os.unlink('path')
    with socket.socket(socket.AF_UNIX) as other:
        other.bind('path')
        paths.keep(())
        assert os.listdir() == ['path']
