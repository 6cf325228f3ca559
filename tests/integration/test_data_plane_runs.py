"""Runs of plain messages in the lanes: faults in their midst hit the same requests, and what is counted and shown is exact."""
from typing import Any

import pytest

from tests.integration.test_data_plane_messages import Answered, LineProtocol, lines, lines_spec
from tests.support.hosting import eventually, hosted, registered, spec_for
from tests.support.peers import Backend, connect, read_exactly, sink
from vaurien.control.native.views import session_view
from vaurien.protocols import Protocol
from vaurien.protocols.base import Exchange, SharedExchange, UnansweredExchange
from vaurien.protocols.message import Framer
from vaurien.spec import BehaviorSpec

__all__ = ['lines']
COUNT = 400


def asked(host: Any, each: int) -> tuple[bytes, list[tuple[int, str]], int]:
    """Ask for many lines, so many at once; return what came back, the faults by number and name, and how many were counted."""
    said = b''
    with connect(host.port) as client:
        for start in range(0, COUNT, each):
            batch = b''.join(b'%04d\n' % number for number in range(start, start + each))
            client.sendall(batch)
            while said.count(b'\n') < start + each:
                said += client.recv(65536)
    host.wait_idle()
    faults = host.call(lambda: [(fault.exchange, fault.request) for fault in host.fleet.journal.since()])
    return said, faults, host.proxy.stats.exchanges


@pytest.mark.parametrize('percent', [0.5, 5, 50])
def test_the_same_requests_fail_whether_they_come_in_runs_or_one_by_one_and_without_any(lines, percent, monkeypatch):
    spec = lines_spec(lines, BehaviorSpec(name='error', percent=percent, settings={'kind': 'no'}))
    found = []
    for each in (1, 16, 200):
        with hosted(spec) as host:
            found.append(asked(host, each))
    for framer in LineProtocol.framers:
        monkeypatch.setattr(framer, 'run', Framer.run)
    with hosted(spec) as host:
        found.append(asked(host, 16))
    assert found == [found[0]] * 4
    assert [int(name) + 1 for _, name in found[0][1]] == [number for number, _ in found[0][1]]
    assert found[0][1]
    assert found[0][2] == COUNT


def test_a_request_that_came_in_a_run_is_shown_by_its_name_while_it_waits():
    with Backend(sink) as backend, hosted(lines_spec(backend)) as host, connect(host.port) as client:
        client.sendall(b'one\ntwo\n')
        shown = eventually(lambda: host.call(lambda: [session_view(session) for session in host.proxy.sessions.values()
                                                      if session.exchanges == 2]))
        assert (shown[0].request, shown[0].behavior) == ('one', 'dummy')


def test_answers_of_a_run_that_come_apart_are_paired_with_their_requests(lines):
    with hosted(lines_spec(lines)) as host, connect(host.port) as client:
        client.sendall(b'one\ntw')
        assert read_exactly(client, 4) == b'ONE\n'
        client.sendall(b'o\nthree\nfour\n')
        assert read_exactly(client, 15) == b'TWO\nTHREE\nFOUR\n'


#: by what a line begins with: a step that nothing is drawn for, one that is not answered, one that is both, any other
MIXED = {b'-': SharedExchange('step'), b'!': UnansweredExchange('line'), b'~': UnansweredExchange('step')}
LINE = SharedExchange('line')


class MixedRequests(Framer[Any]):
    """Lines of four sorts; the number of those that have come is known."""

    mixed = True

    def scan(self, data, start):
        while end := data.find(b'\n', start) + 1:
            kind = MIXED.get(data[start:start + 1], LINE)
            vars(self).update(count=vars(self).get('count', 0) + 1)
            yield end, Exchange(data[start + 1:end - 1], kind.stage, kind.expects), True
            start = end

    def run(self, data, most):
        lines = data.split(b'\n', most)[:-1]
        return sum(map(len, lines)) + len(lines), [MIXED.get(line[:1], LINE) for line in lines]

    def ran(self, data, end):
        vars(self).update(count=vars(self).get('count', 0) + data.count(b'\n', 0, end))


class MixedLines(LineProtocol):
    """Lines of four sorts."""

    name = 'test-mixed-lines'
    framers = MixedRequests, Answered
    undrawn = frozenset(('step',))


def answers_some(sock):
    """Answer the lines that are answered."""
    with sock.makefile('rwb') as file:
        for line in file:
            if line[:1] not in b'!~':
                file.write(line)
                file.flush()


@pytest.mark.parametrize('percent', [0, 2, 50])
def test_what_is_not_answered_or_not_drawn_for_comes_in_runs_too_and_the_same_requests_fail(percent, monkeypatch):
    with registered(Protocol, MixedLines), Backend(answers_some) as backend:
        mix = (BehaviorSpec(name='error', percent=percent, settings={'kind': 'no'}),) if percent else ()
        spec, found = spec_for(backend, protocol='test-mixed-lines', mix=mix), []
        said = [b'%b%03d\n' % (b'-=!=~='[number % 6:number % 6 + 1], number) for number in range(100)]
        for each, run in ((1, True), (7, True), (200, True), (16, False)):
            if not run:
                monkeypatch.setattr(MixedRequests, 'run', Framer.run)
            with hosted(spec) as host:
                with connect(host.port) as client:
                    for start in range(0, len(said), each):
                        client.sendall(b''.join(said[start:start + each]))
                        session, = eventually(lambda: host.call(lambda: list(host.proxy.sessions.values())))
                        framer = session.protocol.request_cutter.framer
                        eventually(lambda: vars(framer).get('count', 0) == min(start + each, len(said)))    # noqa: B023
                    client.sendall(b'=end\n')
                    answer = b''
                    while not answer.endswith(b'end\n'):
                        answer += client.recv(65536)
                    faults = host.call(lambda: [(fault.exchange, fault.request) for fault in host.fleet.journal.since()])
                    left = len(session.protocol.queue)
                host.wait_idle()
                found.append((answer, faults, host.proxy.stats.exchanges, left))
    assert found == [found[0]] * 4
    assert found[0][2:] == (1 + sum(line[:1] not in b'-~' for line in said), 0)
    assert bool(found[0][1]) == bool(percent)


def test_the_name_of_one_that_waits_is_told_where_others_of_its_run_are_not_answered():
    with registered(Protocol, MixedLines), Backend(sink) as backend, \
            hosted(spec_for(backend, protocol='test-mixed-lines')) as host, connect(host.port) as client:
        client.sendall(b'!one\n=two\n~three\n-four\n')
        shown = eventually(lambda: host.call(lambda: [session_view(session) for session in host.proxy.sessions.values()
                                                      if session.exchanges == 2]))
        session, = host.proxy.sessions.values()
        assert shown[0].request == 'two'
        assert session.protocol.request_cutter.framer.count == 4    # what is looked up counts nothing
