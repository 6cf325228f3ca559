"""What each request of memcached does to the data."""
import pytest

from vaurien.protocols.effects.words import ADDS, CLEANING, END, KEEPS, LOGIN, READ
from vaurien.protocols.memcache.effects import EFFECTS


@pytest.mark.parametrize('name, expected', [
    ('set a', KEEPS), ('add a', KEEPS), ('delete a', KEEPS), ('touch a', KEEPS),
    ('incr a', ADDS), ('append a', ADDS), ('get a b', READ),
    ('mg a', READ), ('flush_all', CLEANING), ('quit', END), ('version', LOGIN),
])
def test_what_a_request_does(name, expected):
    assert EFFECTS.of(name, 'store') == expected


def test_what_says_that_nothing_was_changed():
    assert EFFECTS.had('ok', 'STORED')
    assert not EFFECTS.had('ok', 'NOT_STORED')
    assert not EFFECTS.had('SERVER_ERROR', '')


def test_an_add_and_a_delete_are_refused_by_the_one_before():
    assert EFFECTS.refuses('add a', 'ok', 'NOT_STORED')
    assert EFFECTS.refuses('delete a', 'ok', 'NOT_FOUND')
    assert not EFFECTS.refuses('set a', 'ok', 'NOT_STORED')
