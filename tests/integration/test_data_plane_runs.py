"""Runs of plain messages in the lanes: faults in their midst hit the same requests, and what is counted and shown is exact."""
from typing import Any

import pytest

from tests.integration.test_data_plane_messages import LineProtocol, lines, lines_spec
from tests.support.hosting import eventually, hosted
from tests.support.peers import Backend, connect, read_exactly, sink
from vaurien.control.native.views import session_view
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
