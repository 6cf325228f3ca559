"""What each method of HTTP does."""
import pytest

from vaurien.protocols.effects.words import ADDS, KEEPS, READ, UNKNOWN
from vaurien.protocols.http.effects import EFFECTS


@pytest.mark.parametrize('name, expected', [
    ('GET /', READ), ('HEAD /', READ), ('PUT /a', KEEPS), ('DELETE /a', KEEPS),
    ('POST /a', ADDS), ('PATCH /a', ADDS), ('BREW /a', UNKNOWN),
])
def test_what_a_method_does(name, expected):
    assert EFFECTS.of(name, 'page') == expected


def test_a_conflict_and_what_is_gone_may_come_from_the_request_before():
    assert EFFECTS.refuses('POST /a', '409', '409')
    assert EFFECTS.refuses('DELETE /a', '404', '404')
    assert not EFFECTS.refuses('GET /a', '404', '404')
