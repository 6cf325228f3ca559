"""What a forward proxy is asked by SOCKS5, in every slicing."""
import errno

import pytest

from vaurien.address import Address
from vaurien.proxies.door.asked import Asked, DoorRefusedError
from vaurien.proxies.door.socks import SocksDoor, reply

NO_AUTHENTICATION, PASSWORD = b'\5\1\0', b'\5\1\2'
NAMED = b'\5\1\0\3\6a.test\1\xbb'
REST = b'\x16\x03\x01'
#: what a client says, what it is told before it is connected, and where it wants to be
TALKS = {
    'a name': (NO_AUTHENTICATION + NAMED, b'\5\0', Address('a.test', 443)),
    'an address of IPv4': (b'\5\2\0\2\5\1\0\1\x7f\0\0\1\0\x50', b'\5\0', Address('127.0.0.1', 80)),
    'an address of IPv6': (NO_AUTHENTICATION + b'\5\1\0\4' + b'\0' * 15 + b'\1\0\x50', b'\5\0', Address('::1', 80)),
    'a name and a password': (PASSWORD + b'\1\4user\2pw' + NAMED, b'\5\2\1\0', Address('a.test', 443)),
    'an empty password': (PASSWORD + b'\1\1u\0' + NAMED, b'\5\2\1\0', Address('a.test', 443)),
}
#: what a client says, what it is told, and why
REFUSED = {
    'no way to authenticate': (b'\5\1\1', b'\5\xff', 'authenticate'),
    'none at all': (b'\5\0', b'\5\xff', 'authenticate'),
    'BIND': (NO_AUTHENTICATION + b'\5\2\0\3\6a.test\1\xbb', reply(7), 'CONNECT'),
    'UDP': (NO_AUTHENTICATION + b'\5\3\0\1\0\0\0\0\0\0', reply(7), 'CONNECT'),
    'an unknown type of address': (NO_AUTHENTICATION + b'\5\1\0\2aa', reply(8), 'type 2'),
    'no name': (NO_AUTHENTICATION + b'\5\1\0\3\3a b\1\xbb', reply(4), 'no name'),
    'an empty name': (NO_AUTHENTICATION + b'\5\1\0\3\0\1\xbb', reply(4), 'no name'),
    'port 0': (NO_AUTHENTICATION + b'\5\1\0\3\6a.test\0\0', reply(1), 'port 0'),
}


def read(door, data, size):
    """Feed a door in pieces; return what it says meanwhile, and what it has left."""
    said, at = b'', 0
    while door.asked is None and at < len(data):
        at += door.take(data[at:at + size])
        said += door.reply
    return said, data[at:]


@pytest.mark.parametrize('case', TALKS)
def test_a_client_is_understood_in_every_slicing(case):
    data, told, address = TALKS[case]
    for size in (1, 2, 3, 7, 100):
        door = SocksDoor()
        assert read(door, data + REST, size) == (told, REST)
        assert door.asked == Asked(address)


@pytest.mark.parametrize('case', REFUSED)
def test_what_it_cannot_have_is_refused_in_the_words_of_the_protocol(case):
    data, told, why = REFUSED[case]
    for size in (1, 3, 100):
        with pytest.raises(DoorRefusedError, match=why) as refused:
            read(SocksDoor(), data, size)
        assert refused.value.reply == told


def test_how_a_server_cannot_be_reached_is_told_by_the_code_that_means_it():
    door = SocksDoor()
    expected = {errno.ECONNREFUSED: 5, errno.ENETUNREACH: 3, errno.EHOSTUNREACH: 4, -2: 4, errno.ETIMEDOUT: 6, 0: 1}
    assert {code: door.failed(code, '')[1] for code in expected} == expected
    assert door.accepted() == reply(0)
