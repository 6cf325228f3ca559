"""Whole and usual responses to a query, found in one go; what is cut or special is none."""
import pytest

from tests.support.mysql_talk import packets
from vaurien.protocols.mysql.packets import plain_result

OK = b'\0\1\0\2\0\0\0'
EOF = b'\xfe\0\0\2\0'
MORE = b'\xfe\0\0\x0a\0'
LONG_OK = b'\xfe\0\0\2\0\0\0'
COLUMN = b'\3def\0\0\0\1a\0\x0c\x3f\0\1\0\0\0\3\x81\0\0\0\0'


@pytest.mark.parametrize('payloads, deprecates', [
    ((OK,), False), ((OK,), True), ((b'\1', COLUMN, EOF, b'\1' b'1', b'\xfb', EOF), False), ((b'\1', COLUMN, EOF, EOF), False),
    ((b'\2', COLUMN, COLUMN, b'\1' b'1\1' b'2', LONG_OK), True)],
    ids=['ok', 'ok, without eof', 'rows', 'no rows', 'rows, without eof'])
def test_a_usual_response_is_found_whole_and_not_before(payloads, deprecates):
    data = packets(*payloads)
    assert plain_result(data + b'more', 0, deprecates) == len(data)
    assert plain_result(b'..' + data, 2, deprecates) == len(data) + 2
    assert not any(plain_result(data[:end], 0, deprecates) for end in range(len(data)))


@pytest.mark.parametrize('payloads', [
    (b'\xff\x28\x04#42000no',), (b'\xfbfile',), (b'\1', COLUMN, EOF, b'\1' b'1', MORE), (b'\0\1\0\x0a\0\0\0',),
    (b'\1', COLUMN, b'\1' b'1', EOF), (b'\1', b'\xff\x28\x04#42000no'), (b'\1', COLUMN, EOF, b'\xff\x28\x04#42000no'),
    (b'\0\xfc\0\4\0\2\0\0\0',), (b'\xfc\0\1',)],
    ids=['error', 'file', 'more results', 'more after ok', 'no eof after the columns', 'error for a column', 'error after rows',
         'large number', 'many columns'])
def test_anything_else_is_no_usual_response(payloads):
    assert plain_result(packets(*payloads), 0, False) == 0
