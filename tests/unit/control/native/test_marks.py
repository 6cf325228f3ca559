"""The calls about the mark: a test begins and ends, and what comes meanwhile belongs to it, on open connections too."""
import pytest

from tests.support.control_client import steering
from tests.support.hosting import eventually, spec_for
from tests.support.peers import Backend, connect, read_exactly
from vaurien.control.native.marks import MAX_TEST
from vaurien.relay.recording.records import Marked

MARK = '/v1/mark'
GET = b'GET a\r\n'


def nil(sock):
    """Say of each command that there is no such key."""
    while sock.recv(len(GET)):
        sock.sendall(b'$-1\r\n')


@pytest.fixture
def server():
    with Backend(nil) as backend, steering(spec_for(backend, protocol='redis')) as running:
        yield running


def test_requests_belong_to_the_test_in_whose_time_they_come(server):
    exchanges, marks = [], []
    server.host.call(lambda: server.fleet.exchanges.follow(exchanges.append, marks.append))

    def get(client):
        client.sendall(GET)
        assert read_exactly(client, 5) == b'$-1\r\n'
    with connect(server.host.port) as client:
        get(client)
        begun = server.ask('PUT', MARK, {'test': 'test_a[é]'})
        assert (begun.status, begun.json, server.get(MARK)) == (200, {'test': 'test_a[é]'}, {'test': 'test_a[é]'})
        get(client)
        server.ask('PUT', MARK, {'test': 'test_b'})
        get(client)
        assert server.ask('DELETE', MARK).status == 204
        get(client)
        eventually(lambda: len(exchanges) == 4, 'the exchanges')
    assert [exchanged.test for exchanged in exchanges] == ['', 'test_a[é]', 'test_b', '']
    assert [event.test for event in marks if isinstance(event, Marked)] == ['test_a[é]', 'test_b', '']
    assert server.get(MARK) == {'test': ''}


def test_an_occurrence_is_counted_for_each_test_or_for_the_whole_run(server):
    server.ask('POST', '/v1/plan', {'faults': ['GET a #2 = loading test=test_*', 'GET a #5 = delay sleep=0']})
    said = []
    with connect(server.host.port) as client:
        for test in ('test_a', 'test_b', 'other'):
            server.ask('PUT', MARK, {'test': test})
            for _ in range(2):
                client.sendall(GET)
                said.append(client.recv(100)[:4])
    assert said == [b'$-1\r', b'-LOA', b'$-1\r', b'-LOA', b'$-1\r', b'$-1\r']
    of_each, of_the_run = server.get('/v1/plan')['entries']
    assert (of_each['applied'], of_the_run['applied'], of_the_run['where'][0]['exchange']) == (2, 1, 5)


@pytest.mark.parametrize('body', [{}, {'test': ''}, {'test': 'x' * (MAX_TEST + 1)}, {'test': 1}, {'tset': 'a'}])
def test_what_is_no_name_of_a_test_is_refused(server, body):
    server.ask('PUT', MARK, {'test': 'before'})
    assert server.ask('PUT', MARK, body).status == 400
    assert server.get(MARK) == {'test': 'before'}
