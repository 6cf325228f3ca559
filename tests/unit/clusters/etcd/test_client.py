"""Which endpoint is asked, and how often, where one of them is silent."""
import contextlib

from tests.support.peers import Backend, read_exactly, sink
from tests.support.unit_of_time import MS
from vaurien.clusters.etcd.client import Etcd
from vaurien.clusters.where import find_cluster

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{"result": {"a":1}}'


def read_request(sock):
    """Read a call to its end, and return its headers."""
    data = b''
    while b'\r\n\r\n' not in data:
        data += read_exactly(sock, 1)
    length = next(line for line in data.lower().split(b'\r\n') if line.startswith(b'content-length:'))
    read_exactly(sock, int(length.partition(b':')[2]))
    return data


def once(sock):
    """Answer the first call, and be silent from then on."""
    read_request(sock)
    sock.sendall(ANSWER)
    sink(sock)


def always(sock):
    """Answer each call."""
    with contextlib.suppress(EOFError):
        while True:
            read_request(sock)
            sock.sendall(ANSWER)


def test_one_that_has_become_silent_is_asked_once_and_the_next_one_then():
    with Backend(once) as silent, Backend(always) as other:
        where = find_cluster(f'etcd://127.0.0.1:{silent.port},127.0.0.1:{other.port}/x')
        with contextlib.closing(Etcd(where, timeout=300 * MS)) as etcd:
            etcd.call('/v3/kv/range', {})
            assert etcd.at == 0
            assert etcd.call('/v3/kv/range', {}) == {'result': {'a': 1}}
            assert etcd.at == 1
            assert len(silent.accepted) == 1    # no second connection to it, which would take its time once more


def test_one_that_has_closed_what_was_kept_is_asked_on_a_new_connection():
    def closing(sock):
        read_request(sock)
        sock.sendall(ANSWER)
    with Backend(closing) as first, Backend(always) as other:
        where = find_cluster(f'etcd://127.0.0.1:{first.port},127.0.0.1:{other.port}/x')
        with contextlib.closing(Etcd(where)) as etcd:
            for _ in range(2):
                etcd.call('/v3/kv/range', {})
            assert etcd.at == 0
            assert len(first.accepted) == 2
            assert not other.accepted
