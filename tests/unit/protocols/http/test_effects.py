"""What each method of HTTP does."""
import pytest

from vaurien.protocols.effects.words import ADDS, KEEPS, READ, UNKNOWN
from vaurien.protocols.http.effects import EFFECTS
from vaurien.protocols.http.headers import read_request


@pytest.mark.parametrize('name, expected', [
    ('GET /', READ), ('HEAD /', READ), ('PUT /a', KEEPS), ('DELETE /a', KEEPS),
    ('POST /a', ADDS), ('PATCH /a', ADDS), ('BREW /a', UNKNOWN),
])
def test_what_a_method_does(name, expected):
    assert EFFECTS.of(name, 'page') == expected


@pytest.mark.parametrize('name, expected', [('POST /a', KEEPS), ('PATCH /a', KEEPS), ('BREW /a', KEEPS), ('GET /', READ)])
def test_a_request_with_an_idempotency_key_may_be_done_twice(name, expected):
    headers = name.encode() + b' HTTP/1.1\r\nHost: a\r\nIdempotency-Key: "8e03978e"\r\n\r\n'
    assert EFFECTS.of(name, read_request(headers).stage) == expected


def test_an_empty_key_is_none():
    assert read_request(b'POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key:\r\n\r\n').stage == 'page'


def test_a_conflict_and_what_is_gone_may_come_from_the_request_before():
    assert EFFECTS.refuses('POST /a', '409', '409')
    assert EFFECTS.refuses('DELETE /a', '404', '404')
    assert not EFFECTS.refuses('GET /a', '404', '404')
