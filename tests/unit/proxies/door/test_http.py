"""What a forward proxy is asked by HTTP, in every slicing."""
import errno
import random

import pytest

from vaurien.address import Address
from vaurien.protocols.message import MAX_HELD_BYTES
from vaurien.proxies.door.asked import Asked, DoorRefusedError
from vaurien.proxies.door.http import HttpDoor

REST = b'\x16\x03\x01 or GET / HTTP/1.1\r\n\r\n'
END = b'\r\n\r\n'
CONNECTS = {
    b'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443': Address('a.test', 443),
    b'CONNECT A.Test.:1 HTTP/1.0': Address('a.test', 1),
    b'CONNECT [::1]:8443 HTTP/1.1\r\nProxy-Authorization: Basic eDp5\r\nUser-Agent: x': Address('::1', 8443),
}
ABSOLUTE = {
    b'GET http://a.test HTTP/1.1\r\nHost: b.test':
        (Address('a.test', 80), 'http', b'GET / HTTP/1.1\r\nConnection: close\r\nHost: a.test'),
    b'GET HTTP://u:p@A.test:80/x?y HTTP/1.1\r\nhost: a.test\r\nProxy-Connection: keep-alive\r\nX: 1':
        (Address('a.test', 80), 'http', b'GET /x?y HTTP/1.1\r\nConnection: close\r\nHost: a.test\r\nX: 1'),
    b'POST http://[::1]:8080?q HTTP/1.1\r\nConnection: keep-alive, X\r\nContent-Length: 3':
        (Address('::1', 8080), 'http',
         b'POST /?q HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: x, close\r\nContent-Length: 3'),
    b'GET https://a.test/ HTTP/1.1\r\nProxy-Authorization: Basic eDp5':
        (Address('a.test', 443), 'https', b'GET / HTTP/1.1\r\nConnection: close\r\nHost: a.test'),
    b'GET http://a.test/ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket':
        (Address('a.test', 80), 'http', b'GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket'),
}
REFUSED = {
    b'GET / HTTP/1.1\r\nHost: a.test' + END: 'forward proxy',
    b'OPTIONS * HTTP/1.1' + END: 'forward proxy',
    b'GET ftp://a.test/ HTTP/1.1' + END: 'forward proxy',
    b'CONNECT a.test HTTP/1.1' + END: 'no host and port',
    b'CONNECT a.test:0 HTTP/1.1' + END: 'no host and port',
    b'CONNECT a.test:65536 HTTP/1.1' + END: 'no host and port',
    b'CONNECT http://a.test:80 HTTP/1.1' + END: 'no host and port',
    b'GET http://a_b..c/ HTTP/1.1' + END: 'no host and port',
    b'GET http://a.test/ HTTP/2.0' + END: 'of HTTP/1.x',
    b'GET http://a.test/ HTTP/1.1\nHost: a' + END: 'of HTTP/1.x',
    b'GET http://a.test/ HTTP/1.1\r\nX : 1' + END: 'no headers',
    b'POST http://a.test/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked' + END: 'disagree',
    b'\x16\x03\x01\x02\x00': 'of HTTP/1.x',
    b'\x04\x01\x00\x50': 'of HTTP/1.x',
    b'SSH-2.0-OpenSSH\r\n': 'of HTTP/1.x',
}


def read(data, sizes):
    """Feed a door as an arrival does, with pieces of these sizes; return it and what it has left."""
    door, at = HttpDoor(), 0
    while door.asked is None and at < len(data):
        at += door.take(data[at:at + next(sizes)])
    return door, data[at:]


def slicings(data):
    yield iter([len(data)])
    yield iter([1] * len(data))
    for seed in range(5):
        generator = random.Random(seed)
        yield iter([generator.randint(1, 9) for _ in data])


@pytest.mark.parametrize('head', CONNECTS, ids=range(len(CONNECTS)))
def test_a_tunnel_is_asked_for_and_what_follows_is_left(head):
    for sizes in slicings(head + END + REST):
        door, rest = read(head + END + REST, sizes)
        assert door.asked == Asked(CONNECTS[head])
        assert rest == REST


@pytest.mark.parametrize('head', ABSOLUTE, ids=range(len(ABSOLUTE)))
def test_a_request_in_absolute_form_goes_on_in_that_of_its_server(head):
    address, scheme, expected = ABSOLUTE[head]
    for sizes in slicings(head + END + REST):
        door, rest = read(head + END + REST, sizes)
        assert (door.asked.address, door.asked.scheme, rest) == (address, scheme, REST)
        first, *lines = door.asked.head.removesuffix(END).split(b'\r\n')
        assert [first, *sorted(lines)] == [expected.split(b'\r\n')[0], *sorted(expected.split(b'\r\n')[1:])]


@pytest.mark.parametrize('data', REFUSED, ids=range(len(REFUSED)))
def test_what_is_asked_in_another_way_is_refused(data):
    for sizes in slicings(data):
        with pytest.raises(DoorRefusedError, match=REFUSED[data]) as refused:
            read(data, sizes)
        assert refused.value.reply.startswith(b'HTTP/1.1 400 Bad Request\r\n')
        assert refused.value.reason in refused.value.reply.decode()


def test_headers_without_an_end_are_refused_at_a_bound():
    data = b'CONNECT a.test:443 HTTP/1.1\r\nX: ' + b'x' * MAX_HELD_BYTES
    with pytest.raises(DoorRefusedError, match='no end of the headers'):
        read(data, iter([1] * len(data)))


def test_a_server_that_is_not_reached_is_a_bad_gateway_and_one_that_takes_too_long_a_time_out():
    door = HttpDoor()
    assert door.failed(errno.ECONNREFUSED, 'why').startswith(b'HTTP/1.1 502 Bad Gateway\r\n')
    assert door.failed(-2, 'why').endswith(b'\r\n\r\nwhy\n')
    assert door.failed(errno.ETIMEDOUT, 'why').startswith(b'HTTP/1.1 504 Gateway Timeout\r\n')
