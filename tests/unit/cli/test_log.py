"""The log: one line a record, whatever a peer sends, and none of it left behind."""
import logging

import pytest

from vaurien.cli.log import close_log, open_log
from vaurien.words.console import escaped


@pytest.fixture
def log(tmp_path):
    """Log something into a file, and return what is in it."""
    path = tmp_path / 'log'
    handler = open_log('info', str(path))
    yield path.read_text
    close_log(handler)


HOSTILE = 'GET /\r\n2030-01-01 00:00:00,000 INFO vaurien.cli.command: stopped\x1b[2J\x85\u2028\u202e\ud800'


def test_a_record_has_time_level_logger_and_message(log):
    logging.getLogger('vaurien.x').warning('lost %d', 3)
    time, rest = log().split(' WARNING ')
    assert len(time) == len('2024-01-01 00:00:00,000')
    assert rest == 'vaurien.x: lost 3\n'


@pytest.mark.parametrize('text, written', [
    ('plain ünïcode', 'plain ünïcode'),
    ('a\nb', 'a\\nb'),
    ('a\r\x1b[31m\x00\x7f', 'a\\r\\x1b[31m\\x00\\x7f'),
    ('\x85\u2028\u2029\u202e\ud800', '\\x85\\u2028\\u2029\\u202e\\ud800'),
])
def test_what_is_not_printable_is_escaped(text, written):
    assert escaped(text) == written


def test_a_message_cannot_forge_a_line(log):
    logging.getLogger('vaurien').info('session from %s', HOSTILE)
    assert log().count('\n') == 1
    assert '\x1b' not in log()


def test_an_exceptions_text_cannot_forge_a_line(log):
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger('vaurien').exception('plugin failed')
    first, *rest = log().splitlines()
    assert first.endswith(' ERROR vaurien: plugin failed')
    assert rest
    assert all(line.startswith('  | ') for line in rest)
    assert '\x1b' not in log()


def test_less_than_the_level_is_left_out(log):
    logging.getLogger('vaurien').debug('detail')
    assert log() == ''


def test_a_closed_log_leaves_nothing_behind(tmp_path):
    root = logging.getLogger()
    before = list(root.handlers), root.level, logging.raiseExceptions
    close_log(open_log('debug', str(tmp_path / 'log')))
    assert (list(root.handlers), root.level, logging.raiseExceptions) == before


def test_a_file_that_cannot_be_written_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError, match='nowhere'):
        open_log('info', str(tmp_path / 'nowhere' / 'log'))
