"""The file of a journal: whole lines in the background, and what becomes of those that it does not take."""
import os

import pytest

from tests.support.hosting import eventually
from vaurien.outputs.journal import writer as module
from vaurien.outputs.journal.writer import FileWriter


def end(writer):
    writer.end()
    eventually(lambda: writer.ended)


def test_lines_are_in_the_file_once_it_is_closed(tmp_path):
    path = tmp_path / 'journal'
    path.write_bytes(b'what was there before')
    writer = FileWriter(str(path))
    for number in range(100):
        writer.write(b'%d\n' % number, 1)
    end(writer)
    assert path.read_bytes().split() == [b'%d' % number for number in range(100)]
    assert (writer.lost, writer.error) == (0, None)


def test_what_a_full_disk_does_not_take_is_counted_and_nothing_is_raised():
    writer = FileWriter('/dev/full')
    writer.write(b'one\ntwo\n', 2)
    eventually(lambda: writer.lost == 2)
    writer.write(b'three\n', 1)
    end(writer)
    assert writer.lost == 3
    assert writer.error is not None


def test_a_line_says_how_many_are_missing_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, 'MAX_PENDING_BYTES', 100)
    writer = FileWriter(str(tmp_path / 'journal'))
    writer.write(b'x' * 200 + b'\n', 3)
    writer.write(b'kept\n', 1)
    end(writer)
    assert (tmp_path / 'journal').read_bytes() == b'{"type":"lost","lines":3}\nkept\n'


def test_a_batch_that_was_written_in_part_is_taken_back(tmp_path, monkeypatch):
    path, write = tmp_path / 'journal', os.write
    left = [4]

    def fills(number, data):
        if not left:
            raise OSError(28, 'No space left on device')
        return write(number, data[:left.pop()])

    writer = FileWriter(str(path))
    writer.write(b'whole\n', 1)
    eventually(lambda: path.read_bytes() == b'whole\n')
    monkeypatch.setattr(module.os, 'write', fills)
    writer.write(b'half of it\n', 1)
    eventually(lambda: writer.lost)
    monkeypatch.setattr(module.os, 'write', write)
    writer.write(b'after it\n', 1)
    end(writer)
    assert path.read_bytes() == b'whole\n{"type":"lost","lines":1}\nafter it\n'


def test_a_file_that_cannot_be_opened_is_refused_at_once(tmp_path):
    with pytest.raises(FileNotFoundError):
        FileWriter(str(tmp_path / 'missing' / 'journal'))


def test_what_several_batches_have_lost_is_told_once_there_is_room(tmp_path, monkeypatch):
    path, write, full = tmp_path / 'journal', os.write, True

    def fills(number, data):
        if full:
            raise OSError(28, 'No space left on device')
        return write(number, data)

    monkeypatch.setattr(module.os, 'write', fills)
    writer = FileWriter(str(path))
    for lines in (2, 3):
        before = writer.lost
        writer.write(b'x\n' * lines, lines)
        eventually(lambda before=before, lines=lines: writer.lost == before + lines)
    full = False
    writer.write(b'after them\n', 1)
    eventually(lambda: path.read_bytes())
    full = True
    writer.write(b'x\n', 1)
    eventually(lambda: writer.lost == 6)
    full = False
    end(writer)
    assert path.read_bytes() == b'{"type":"lost","lines":5}\nafter them\n{"type":"lost","lines":1}\n'
