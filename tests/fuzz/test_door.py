"""Whatever a client of a forward proxy sends: it is asked for something, refused or waited for, and in every slicing the same."""
from hypothesis import given
from hypothesis import strategies as st

from vaurien.proxies.door.asked import DoorRefusedError
from vaurien.proxies.door.http import HttpDoor
from vaurien.proxies.door.socks import SocksDoor
from vaurien.words.hosts import read_hosts, settle_hosts

HTTP_WORDS = (b'CONNECT ', b'GET ', b'http://', b'https://', b'a.test', b'[::1]', b':443', b':', b'/', b'?', b'#', b'@',
              b' HTTP/1.1', b'\r\n', b'\r\n\r\n', b'Host: x', b'Content-Length: 1', b'Proxy-Connection: close', b'\xc3\xbc',
              b'\0', b'\n', b' ')
SOCKS_WORDS = (b'\5', b'\1', b'\0', b'\2', b'\3', b'\4', b'\6a.test', b'\x01\xbb', b'\x7f\0\0\1', b'\xff')


def said(words):
    return st.lists(st.one_of(st.sampled_from(words), st.binary(max_size=4)), max_size=12).map(b''.join)


def outcome(door, data, sizes):
    """Feed a door; return what is asked for, how many bytes were taken and what it replied, or what it is refused with."""
    at, replied = 0, b''
    try:
        while door.asked is None and at < len(data):
            size = next(sizes)
            taken = door.take(data[at:at + size])
            assert 0 < taken <= size
            at, replied = at + taken, replied + door.reply
    except DoorRefusedError as refused:
        return 'refused', replied + door.reply + refused.reply
    return door.asked, at, replied


def in_two_slicings(make, data, sizes):
    def endless():
        yield from sizes
        while True:
            yield 1
    whole = outcome(make(), data, iter([len(data)] * (len(data) + 1)))
    assert outcome(make(), data, endless())[0] == whole[0]
    return whole


@given(said(HTTP_WORDS), st.lists(st.integers(1, 20), max_size=20))
def test_a_door_of_http_tells_the_same_in_every_slicing(data, sizes):
    whole = in_two_slicings(HttpDoor, data, sizes)
    if whole[0] not in (None, 'refused'):
        assert b'\r\n\r\n' not in whole[0].head[:-4]
        assert 0 < whole[0].address.port < 65536


@given(said(SOCKS_WORDS).map(lambda data: b'\5' + data), st.lists(st.integers(1, 20), max_size=20))
def test_a_door_of_socks_tells_the_same_in_every_slicing(data, sizes):
    in_two_slicings(SocksDoor, data, sizes)


@given(st.text(alphabet='a.*:=[]/,0419-ü http', max_size=30))
def test_a_list_of_hosts_is_refused_or_has_one_form(text):
    try:
        settled = settle_hosts(text)
    except ValueError:
        return
    assert settle_hosts(settled) == settled
    assert read_hosts(settled) == read_hosts(text)
