"""The field in which a request asks for a fault, in both versions."""
import pytest

from vaurien.protocols.base import Exchange
from vaurien.protocols.http import HTTP
from vaurien.protocols.http.own.asked import MAX_BYTES, asked_text, taken_out

ASKING = b'GET / HTTP/1.1\r\nHost: a\r\nX-Vaurien-Fault:  503 \r\nx-vaurien-fault-not: 1\r\n\r\nx-vaurien-fault: in the body\r\n'


@pytest.mark.parametrize('on', [True, False])
def test_it_is_taken_out_of_headers_where_it_is_switched_on(on: bool) -> None:
    protocol = HTTP({'header_faults': on, 'keep_alive': True})
    assert protocol.asked_for(b'before' + ASKING, 6, 6 + len(ASKING)) == ('503' if on else '')
    headers = ASKING.partition(b'in the body')[0].rpartition(b'x-vaurien-fault')[0]
    left = protocol.edit(Exchange(note=None), headers, True)
    assert left == (headers.replace(b'X-Vaurien-Fault:  503 \r\n', b'') if on else headers)
    assert protocol.editing == on


def test_it_is_taken_out_of_fields() -> None:
    rest = [(b':path', b'/', False), (b'x-vaurien-fault-not', b'1', True)]
    asking = [(b'x-vaurien-fault', value, False) for value in (b' hang ', b'503')]
    assert taken_out([rest[0], asking[0], rest[1], asking[1]]) == ('hang', rest)
    assert taken_out(rest) == ('', rest)


def test_a_long_one_is_cut_and_bytes_are_no_trouble() -> None:
    assert asked_text(b'x' * (MAX_BYTES + 9)) == 'x' * MAX_BYTES
    assert asked_text(b'\xff') == '\ufffd'
