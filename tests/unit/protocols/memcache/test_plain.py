"""``plain``: what most requests and responses look like, seen at once."""
import pytest

from vaurien.protocols.memcache import Memcache
from vaurien.protocols.memcache.plain import GETS, sets, whole_values

SET = b'set a 0 0 3\r\nxyz\r\n'
VALUE = b'VALUE a 0 3\r\nxyz\r\nEND\r\n'


@pytest.mark.parametrize('data, plain', [
    (b'get a\r\n', True), (b'get a\r\nget bc\r\n', True), (b'get a b\r\n', False), (b'get a\r\nset a 0 0 1\r\n1\r\n', False),
    (b'get ' + b'k' * 250 + b'\r\n', True), (b'get ' + b'k' * 251 + b'\r\n', False), (b'get a\n', False),
    (b'get a\r\nget', False)])
def test_requests_for_one_value_each(data, plain):
    assert (GETS.fullmatch(data) is not None) is plain


@pytest.mark.parametrize('data, count', [
    (VALUE, 1), (VALUE * 16, 16), (VALUE.replace(b'0 3', b'0 3 77'), 1), (b'VALUE a 0 4\r\n\r\n\r\n\r\nEND\r\n', 1),
    (VALUE.replace(b'0 3', b'0 4'), 0), (VALUE + b'END\r\n', 0), (VALUE[:-1], 0), (VALUE[:-5], 0),
    (VALUE.replace(b'0 3', b'3'), 0),
    (VALUE.replace(b'END', b'VALUE b 0 1\r\ny\r\nEND'), 0),
    (VALUE + VALUE.replace(b'3\r\nxyz', b'256\r\n' + b'x' * 256), 0)])
def test_whole_responses_of_one_value_each(data, count):
    assert whole_values(data, 16) == count
    assert not count or whole_values(data, 1) == (count == 1)


@pytest.mark.parametrize('data, plain', [
    (SET, True), (SET * 16, True), (SET + SET.replace(b'3\r\nxyz', b'0\r\n'), True), (SET.replace(b'0 3', b'-1 3'), True),
    (SET.replace(b'3\r\n', b'3 noreply\r\n'), False), (SET.replace(b'0 3', b'0 4'), False), (SET[:-1], False),
    (SET + b'get a\r\n', False),    (SET.replace(b'3\r\nxyz', b'256\r\n' + b'x' * 256), False)])
def test_requests_to_store_one_value_each(data, plain):
    assert (sets().fullmatch(data) is not None) is plain


def test_a_pipeline_of_gets_is_one_run_and_so_are_its_values():
    protocol = Memcache({})
    for part in protocol.request_cutter.cut(b'get a\r\n'):     # it speaks text
        protocol.queue.append(part[1])
    for _ in protocol.response_cutter.cut(VALUE):
        protocol.queue.clear()
    end, exchanges = protocol.request_cutter.run(b'get a\r\n' * 16, 1000)
    assert (end, len(exchanges), len(set(exchanges))) == (7 * 16, 16, 1)
    protocol.queue.extend(exchanges)
    assert protocol.response_cutter.run(VALUE * 16, 1000) == (len(VALUE) * 16, exchanges)
    assert protocol.response_cutter.run(VALUE * 17, 1000) == (len(VALUE) * 16, exchanges)
    assert protocol.response_cutter.run(VALUE + b'END\r\n' * 2, 1000) == (len(VALUE) + 10, exchanges[:3])
