"""``requests``: one Query is seen at once."""
from struct import pack

import pytest

from vaurien.protocols.postgres import PostgreSQL
from vaurien.protocols.postgres.requests import ONE_QUERY, is_one_query


def query(text):
    return b'Q' + pack('!i', len(text) + 4) + text


@pytest.mark.parametrize('data, one', [
    (query(b'SELECT 1\0'), True), (query(b'\0'), True), (query(b'SELECT 1'), False), (query(b'SELECT 1\0') * 2, False),
    (query(b'SELECT 1\0')[:-1], False), (b'Q', False), (b'S\0\0\0\4', False), (query(b' ' * 5000 + b'\0'), False)])
def test_one_query_is_seen_at_once(data, one):
    assert is_one_query(data) is one


def test_and_it_is_a_run_only_after_the_start_of_the_session():
    protocol = PostgreSQL({})
    cutter, data = protocol.request_cutter, query(b'SELECT 1\0')
    assert cutter.run(data, 1000)[0] == 0
    cutter.framer.started = True
    assert cutter.run(data, 1000) == (len(data), ONE_QUERY)
    cutter.ran(data, len(data))
    assert not protocol.grouped
