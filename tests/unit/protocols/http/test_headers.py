"""What the headers of a request say of how it is to be known again."""
from binascii import crc32

import pytest

from vaurien.protocols.http.headers import KEYED_BODY, read_request, without_field


def request(*fields):
    return read_request(b'\r\n'.join((b'POST /pay HTTP/1.1', b'Host: a', *fields, b'', b'')))


@pytest.mark.parametrize('fields, key', [
    ((), ''), ((b'Idempotency-Key:',), ''), ((b'idempotency-KEY: 7f',), f'{crc32(b"7f"):08x}'),
    ((b'Idempotency-Key: 1', b'Idempotency-Key: 2'), f'{crc32(b"1,2"):08x}'),
], ids=['none', 'empty', 'one', 'two'])
def test_a_key_is_kept_as_a_number_and_never_itself(fields, key):
    asked = request(*fields)
    assert asked.key == key
    assert (asked.stage == KEYED_BODY) == bool(key)


def test_the_same_key_is_the_same_number_and_another_is_another():
    assert request(b'Idempotency-Key: a').key == request(b'X: 1', b'Idempotency-Key: a').key != request(b'Idempotency-Key: b').key


@pytest.mark.parametrize('message, without', [
    (b'GET / HTTP/1.1\r\nHost: a\r\nAccept-ENCODING: gzip\r\nAccept: */*\r\naccept-encoding: br\r\n\r\naccept-encoding: x\r\n',
     b'GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\naccept-encoding: x\r\n'),
    (b'GET / HTTP/1.1\r\n\r\n', b'GET / HTTP/1.1\r\n\r\n')], ids=['two lines', 'none'])
def test_a_field_is_taken_out_of_headers_and_no_body_is_touched(message, without):
    assert without_field(message, b'accept-encoding') == without
