"""Who may connect to the control server, as a table of addresses."""
import pytest

from vaurien.words.allowed import MAX_ALLOWED, Allowed, make_allowed, read_allowed


@pytest.mark.parametrize('allow, client, welcome', [
    ('', '203.0.113.9', True),      # an empty list limits nobody: then a token does, or the address that is listened at
    ('toxiproxy', '203.0.113.9', True),
    ('172.16.0.0/12', '172.18.0.3', True),
    ('172.16.0.0/12', '172.32.0.1', False),
    ('172.16.0.0/12', '::ffff:172.18.0.3', True),
    ('172.16.0.0/12', '::ffff:10.0.0.1', False),
    ('172.16.0.0/12', '127.0.0.1', True),
    ('172.16.0.0/12', '::1', True),
    ('172.16.0.0/12,fd00::/8', 'fd00::7%eth0', True),
    ('fd00::/8', '10.0.0.1', False),
    ('10.0.0.5,toxiproxy', '10.0.0.5', True),
    ('10.0.0.5,toxiproxy', '10.0.0.6', False),
])
def test_who_may_connect(allow, client, welcome):
    assert make_allowed(read_allowed(allow)).welcomes(client) is welcome


@pytest.mark.parametrize('allow, host, right', [
    ('10.0.0.0/8', 'localhost:49153', True), ('10.0.0.0/8', '[::1]', True), ('10.0.0.0/8', 'box', False),
    ('box', 'BOX:1', True), ('box', 'localhost:49153', False), ('box', '10.0.0.1', False), ('', 'box', False),
])
def test_which_hosts_are_right(allow, host, right):
    assert make_allowed(read_allowed(allow)).names_host(host) is right


def test_there_are_only_so_many():
    assert len(read_allowed(','.join(['a'] * MAX_ALLOWED))) == MAX_ALLOWED
    with pytest.raises(ValueError, match='a,a'):
        read_allowed(','.join(['a'] * (MAX_ALLOWED + 1)))


def test_nothing_is_limited_by_nothing():
    assert make_allowed(()) == Allowed()
