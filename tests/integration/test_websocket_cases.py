"""Whatever one side of WebSocket sends, good or bad, comes to the other as it was sent: groups 1 to 7 and 9 of Autobahn's cases.

Both directions at once, with no fault, and with faults that are drawn for and never meant.
"""
import contextlib
import os
import threading

import pytest

from tests.support.peers import Backend, read_exactly
from tests.support.proxied import CALM, between
from tests.support.unit_of_time import PATIENCE
from tests.support.websocket import MASK, accept, opened
from tests.support.websocket_cases import CASES, LARGE, SLICES, written

#: [bytes] that are sent in pieces of one or seven; of more only the first
MOST_SLICED = 1_000


ALL = [(name, slicing) for name in CASES for slicing in SLICES]
#: every day each case once, in the worst slicing; those about large messages, of which the smallest are enough, as they come
SHORT = [(name, 'whole' if name.startswith('9') else 'byte by byte') for name in CASES if name not in LARGE]
RUN = ALL if os.environ.get('VAURIEN_ALL_CASES') == '1' else SHORT


def send(sock, data, size):
    """Send bytes in pieces, and what is too long for that at once from there on."""
    sliced = data[:MOST_SLICED] if size else b''
    with contextlib.suppress(ConnectionError):
        for at in range(0, len(sliced), size or 1):
            sock.sendall(sliced[at:at + size])
        sock.sendall(data[len(sliced):])


class Peer(Backend):
    """A server that sends what a case has, and keeps what it has got."""

    def __init__(self):
        self.got, self.done = b'', threading.Event()
        super().__init__(self._case)

    def _case(self, sock):
        name, slicing = accept(sock).split(b'?')[1].split(b' ')[0].decode().split('&')
        name = name.replace('+', ' ')
        sending = threading.Thread(target=send, args=(sock, written(name), SLICES[slicing.replace('+', ' ')]))
        sending.start()
        self.got = read_exactly(sock, len(written(name, MASK)))
        sending.join(PATIENCE)
        self.done.set()


@pytest.fixture(scope='module')
def peer():
    with Peer() as server:
        yield server


@pytest.fixture(scope='module', params=CALM)
def proxy(daemon, peer, request):
    with between(daemon, 'cases', peer, 'http', CALM[request.param]) as made:
        yield made


@pytest.mark.parametrize('name, slicing', RUN)
def test_what_is_sent_comes_as_it_was_sent(proxy, peer, name, slicing):
    peer.done.clear()
    sock, _ = opened(proxy.port, path=f'/?{name}&{slicing}'.replace(' ', '+'))
    with sock:
        sending = threading.Thread(target=send, args=(sock, written(name, MASK), SLICES[slicing]))
        sending.start()
        assert read_exactly(sock, len(written(name))) == written(name)
        sending.join(PATIENCE)
        assert peer.done.wait(PATIENCE)
    assert peer.got == written(name, MASK)


def test_the_cases_are_of_all_groups_and_each_has_a_number():
    assert {name.split('.')[0] for name in CASES} == set('1234567') | {'9'}
    assert len(CASES) == 167
