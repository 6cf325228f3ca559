"""What the headers of a request say of how it is to be known again."""
from binascii import crc32

import pytest

from vaurien.protocols.http.headers import KEYED_BODY, read_request


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
