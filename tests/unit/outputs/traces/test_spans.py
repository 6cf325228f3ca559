"""What the span of an exchange says, by protocol and by what became of it."""
import msgspec
import pytest

from vaurien.outputs.traces.spans import Done, attributes_of, error_of, name_of, times_of
from vaurien.protocols.http.headers import CALL, SENT, STREAM
from vaurien.proxies.journal import Fault
from vaurien.relay.recording.records import CUT, NO_ANSWER, OK, UNREAD, Exchanged

FINE = Exchanged(1000.5, 'one', 3, 7, 'GET /a/1', 'GET /a/?', OK, 0.25, 10, 20, stage='page', code='200')
FAULT = Fault(id=9, time=1000.6, proxy='one', session=3, exchange=7, behavior='error', kind='503', request='GET /a/1', plan=2)


def done(protocol='http', fault=None, backend='there:80', **changes):
    return Done(msgspec.structs.replace(FINE, **changes), fault, protocol, backend)


def test_a_span_has_the_times_of_the_exchange():
    assert times_of(FINE) == (1_000_500_000_000, 1_000_750_000_000)
    assert times_of(msgspec.structs.replace(FINE, seconds=-1.0)) == (1_000_500_000_000, 1_000_500_000_000)


def test_what_there_is_nothing_to_say_of_is_missing():
    said = attributes_of(done())
    assert said['server.address'] == 'there'
    assert said['server.port'] == 80
    assert said['http.route'] == '/a/?'
    assert not [name for name in said if 'fault' in name or 'plan' in name or 'scenario' in name or 'error' in name]
    assert '' not in said.values()


def test_a_fault_says_which_and_by_which_entry():
    said = attributes_of(Done(
        msgspec.structs.replace(FINE, fault='error/503', answer='503', code='503'), FAULT, 'http', 'unix:/a', 'storm'))
    assert {'vaurien.fault.behavior': 'error', 'vaurien.fault.kind': '503', 'vaurien.fault.id': 9, 'vaurien.plan.entry': 2,
            'vaurien.scenario': 'storm', 'error.type': '503', 'server.address': '/a'}.items() <= said.items()


@pytest.mark.parametrize('answer, code, fault, error', [
    (OK, '200', '', ''), (NO_ANSWER, '', '', ''), (UNREAD, '', '', ''), (CUT, '', '', 'cut off'), ('503', '503', '', '503'),
    ('404', '404', '', ''), ('404', '404', 'error/404', '404'), ('READONLY', '', '', 'READONLY'), ('40001', '', '', '40001'),
    ('a\nb', '', '', 'a\\nb'),
])
def test_what_is_an_error(answer, code, fault, error):
    assert error_of(msgspec.structs.replace(FINE, answer=answer, code=code, fault=fault)) == error


SAID = {
    'a stream of HTTP/2': (done(stage=STREAM), {'http.request.method': 'GET', 'network.protocol.version': '2'}),
    'a method that is none': (done(name='HACK /', shape='HACK /'), {'http.request.method': '_OTHER', 'http.route': '/'}),
    'a code that is none': (done(code='²'), {'http.request.method': 'GET'}),
    'a call': (done('grpc', name='/a.B/C', shape='/a.B/C', stage=CALL, answer='UNAVAILABLE', code='14'),
               {'rpc.service': 'a.B', 'rpc.method': 'C', 'rpc.grpc.status_code': 14, 'error.type': 'UNAVAILABLE'}),
    'a message': (done(stage=SENT, shape='send {?}', code=''), {'network.protocol.name': 'websocket'}),
    'redis': (done('redis', shape='SET a:?', answer='READONLY', code=''),
              {'db.system.name': 'redis', 'db.operation.name': 'SET', 'db.response.status_code': 'READONLY'}),
    'postgres': (done('postgres', shape='SELECT ?'), {'db.system.name': 'postgresql', 'db.query.text': 'SELECT ?'}),
    'smtp': (done('smtp', shape='DATA', code='354'), {'network.protocol.name': 'smtp', 'vaurien.response.code': '354'}),
    'a plugin': (done('memo', backend='embedded'), {'network.protocol.name': 'memo', 'vaurien.backend': 'embedded'}),
    'a proxy that has gone': (done('', backend=''), {'vaurien.proxy': 'one'}),
}


@pytest.mark.parametrize('case', SAID)
def test_each_protocol_has_the_names_of_the_conventions(case):
    exchange, expected = SAID[case]
    assert expected.items() <= attributes_of(exchange).items()


def test_hostile_names_are_printable_and_short():
    strange = done(shape='GET \x00\n\u202e' + 'x' * 4096)
    assert name_of(strange).isprintable()
    assert len(name_of(strange)) < 120
    assert all(value.isprintable() for value in attributes_of(strange).values() if isinstance(value, str))
    assert name_of(done('tcp', shape='')) == 'tcp'
    assert name_of(done('', shape='')) == 'one'
