"""The kinds of TLS: their bytes, where they fit, and which of them need what."""
import pytest

from tests.support.framing import CLIENT, replay
from vaurien.behaviors.dummy import DUMMY
from vaurien.net.tls.authority.faults import CLIENT_CERTIFICATE, VARIANTS
from vaurien.net.tls.hello import ClientHello
from vaurien.protocols import Protocol
from vaurien.protocols.base import Exchange, Failure
from vaurien.protocols.http import HTTP
from vaurien.protocols.kinds import CATEGORIES
from vaurien.protocols.redis import Redis
from vaurien.protocols.tls_kinds import (
    CERTIFICATE_KINDS,
    ENDING_KINDS,
    HANDSHAKE,
    HANDSHAKE_KINDS,
    ISSUED_KINDS,
    STREAM_KINDS,
    TLS_KINDS,
    place_for,
)

#: alerts by name, as RFC 8446 appendix B.2 numbers them
NUMBERS = {'handshake-failure': 40, 'bad-certificate': 42, 'unknown-ca': 48, 'access-denied': 49, 'protocol-version': 70,
           'insufficient-security': 71, 'internal-error': 80, 'unrecognized-name': 112, 'certificate-required': 116,
           'no-application-protocol': 120}


class Session:
    def random(self, to_backend):
        import random
        return random.Random(7)


def built(kind, suites=b''):
    return TLS_KINDS[kind].build(Session(), Exchange(b'handshake', HANDSHAKE, note=ClientHello(suites=suites)))


@pytest.mark.parametrize('name', NUMBERS)
def test_an_alert_is_seven_bytes_and_the_end(name):
    assert built(f'alert-{name}') == Failure(bytes.fromhex('15030300020200')[:6] + bytes((NUMBERS[name],)), end='close')


def test_a_close_is_a_warning():
    assert built('alert-close') == Failure(bytes.fromhex('15030300020100'), end='close')


@pytest.mark.parametrize('kind, failure', [
    ('handshake-hang', Failure(end='silence')), ('handshake-close', Failure(end='close')),
    ('handshake-reset', Failure(end='reset'))])
def test_others_end_without_a_word(kind, failure):
    assert built(kind) == failure


def test_garbage_looks_like_no_record_and_is_the_same_for_the_same_seed():
    reply = built('garbage-answer').reply
    assert len(reply) == 100
    assert reply[0] not in range(20, 25)
    assert built('garbage-answer').reply == reply


@pytest.mark.parametrize('offered, chosen', [('1301c02fc013002f', 'c013'), ('1301002fc014', 'c014'), ('1301', '002f'),
                                             ('', '002f')])
def test_an_old_server_chooses_what_the_client_offers(offered, chosen):
    reply = built('old-tls', bytes.fromhex(offered)).reply
    assert reply[:3] == b'\x16\x03\x02'
    assert int.from_bytes(reply[3:5]) == len(reply) - 5
    assert (reply[5], int.from_bytes(reply[6:9])) == (2, len(reply) - 9)
    assert reply[9:11] == b'\x03\x02'
    assert reply[43:47] == b'\x00' + bytes.fromhex(chosen) + b'\x00'


@pytest.mark.parametrize('kind', TLS_KINDS)
def test_each_kind_has_a_class_a_description_and_a_stage_and_comes_only_by_its_name(kind):
    row = TLS_KINDS[kind]
    assert row.category in CATEGORIES
    assert row.description[0].isupper()
    assert row.description.endswith('.')
    assert row.only_named
    assert row.stages == (HANDSHAKE if kind in HANDSHAKE_KINDS else 'response',)


def test_what_is_shown_is_what_the_contexts_know():
    assert VARIANTS.keys() == CERTIFICATE_KINDS
    assert {CLIENT_CERTIFICATE} == CERTIFICATE_KINDS - ISSUED_KINDS


@pytest.mark.parametrize('name', Protocol.names())
def test_every_protocol_has_them_and_none_draws_them_at_random(name):
    cls = Protocol.get(name)
    assert not TLS_KINDS.keys() & cls.errors.keys()
    assert cls.kinds_named('alert-close') == ('alert-close',)
    assert cls.kind('tls-reset') is TLS_KINDS['tls-reset']
    assert not [kind for kind, row in cls.errors.items() if HANDSHAKE in row.stages]


def failed(cls, request, kind):
    """Let a request fail with a kind; return the failure."""
    dialogue = replay(cls, [(CLIENT, request)])
    exchange = dialogue.exchanges[-1]
    exchange.behavior = DUMMY
    dialogue.protocol.session.at = exchange
    dialogue.protocol.fail(None, None, kind)
    return exchange.failure


@pytest.mark.parametrize('cls, request_, fits', [
    (Redis, b'GET k\r\n', True), (HTTP, b'GET / HTTP/1.1\r\nHost: a\r\n\r\n', True),
    (HTTP, b'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', True),
    (Redis, b'SUBSCRIBE k\r\n', False)])
@pytest.mark.parametrize('kind, end', [('tls-truncated', 'cut'), ('tls-reset', 'reset'), ('bad-record-mac', 'damaged'),
                                       ('clear-bytes', 'clear')])
def test_a_response_breaks_where_it_could_be_halved_or_lost(cls, request_, fits, kind, end):
    failure = failed(cls, request_, kind)
    assert (failure is not None and (failure.request, failure.end)) == (fits and (None, end))


@pytest.mark.parametrize('kind', HANDSHAKE_KINDS)
def test_no_request_fails_as_a_handshake(kind):
    assert failed(Redis, b'GET k\r\n', kind) is None


@pytest.mark.parametrize('kind', TLS_KINDS)
def test_what_needs_tls_on_the_clients_side_is_good_there(kind):
    assert place_for(kind, client=True, backend=True) == ''
    assert bool(place_for(kind, client=False, backend=False)) == (kind in ENDING_KINDS or kind in STREAM_KINDS)
    assert place_for(kind, client=False, backend=True)
    assert bool(place_for(kind, client=True, backend=False, given=True)) == (kind in ISSUED_KINDS)
