"""Messages that nothing asked for, in the middle of a response: what happens to the response goes on around them, once."""
from typing import Any

import pytest

from tests.support.hosting import hosted, registered, spec_for
from tests.support.peers import Backend, connect, read_exactly
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy
from vaurien.protocols import Protocol
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Failure, FailureKind, Framer, MessageProtocol
from vaurien.spec import BehaviorSpec


class Lines(Framer[Any]):
    def scan(self, data, start):
        while end := data.find(b'\n', start) + 1:
            yield end, Exchange(data[start:end - 1], 'line'), True
            start = end


class Rows(Framer[Any]):
    """Finds responses of rows, each a line; ``end`` is the last one, and a line with a star is a notice."""

    def scan(self, data, start):
        while end := data.find(b'\n', start) + 1:
            notice = data.startswith(b'*', start)
            yield end, None if notice else self.protocol.queue[0], notice or data.startswith(b'end', start)
            start = end


class RowProtocol(MessageProtocol):
    """Rows with notices among them."""

    name = 'test-rows'
    framers = (Lines, Rows)
    errors = {'no': FailureKind('It fails.', ('line',), lambda protocol, exchange: Failure(b'no\n', b'other\n'))}


class Tally(Dummy):
    """Counts the calls of its hooks for the responses."""

    name = 'test-tally'
    inline = True
    calls: list[str] = []

    def on_before_handle(self, protocol, source, dest, to_backend):
        if not to_backend:
            self.calls.append('before')
        return True

    def on_after_handle(self, protocol, source, dest, to_backend):
        if not to_backend:
            self.calls.append('after')


RESPONSE = b'row\n*notice\nrow\n*notice\n*notice\nend\n'


def rows(sock):
    with sock.makefile('rwb') as file:
        for _ in file:
            for line in RESPONSE.splitlines(keepends=True):
                file.write(line)
                file.flush()


@pytest.fixture
def backend():
    with registered(Protocol, RowProtocol), registered(Behavior, Tally), Backend(rows) as found:
        yield found


def test_behavior_is_applied_once_to_a_response_with_notices_in_its_middle(backend):
    Tally.calls.clear()
    with hosted(spec_for(backend, protocol='test-rows', mix=(BehaviorSpec(name='test-tally'),))) as host, \
            connect(host.port) as client:
        client.sendall(b'one\n')
        assert read_exactly(client, len(RESPONSE)) == RESPONSE
    assert Tally.calls.count('before') == 1


def test_notices_pass_where_a_failure_takes_the_place_of_the_response_around_them(backend):
    mix = (BehaviorSpec(name='error', settings={'kind': 'no'}),)
    with hosted(spec_for(backend, protocol='test-rows', mix=mix)) as host, connect(host.port) as client:
        client.sendall(b'one\n')
        expected = b'*notice\n' * 3 + b'no\n'
        assert read_exactly(client, len(expected)) == expected
