"""What may be done to a handshake of TLS: by what its proxy does with it."""
import pytest

from tests.unit.explore.talk import ended, greet, known
from vaurien.explore.model.faults import HANDSHAKES, OWN, SEEN, handshake_of, points_of
from vaurien.explore.model.sites import places
from vaurien.protocols.tls_kinds import ENDING_KINDS, HANDSHAKE_KINDS, place_for
from vaurien.spec import ANY, ProxySpec, tls_sides

IN, OUT, CLEAR = 'tls://127.0.0.1:0', 'tls://127.0.0.1:1', '127.0.0.1:1'


@pytest.mark.parametrize('fields, how', [
    ({'proxy': IN, 'backend': OUT}, OWN), ({'proxy': IN, 'backend': CLEAR}, OWN), ({'proxy': IN, 'tls_cert': 'cert.pem'}, SEEN),
    ({'backend': ANY, 'intercept': 'api.test', 'protocol': 'http'}, OWN), ({'backend': CLEAR}, SEEN), ({'backend': OUT}, ''),
    ({'backend': CLEAR, 'protocol': 'redis'}, ''),
])
def test_a_proxy_is_offered_what_it_can_do(fields, how):
    spec = ProxySpec(**{'proxy': '127.0.0.1:0', 'backend': CLEAR, 'protocol': 'tcp', **fields})
    assert handshake_of(spec) == how
    client, backend, given = tls_sides(spec)
    assert all(place_for(kind, client, backend, given) == '' for kinds in HANDSHAKES.get(how, {}).values() for kind in kinds)


@pytest.mark.parametrize('how', sorted(HANDSHAKES))
def test_what_stands_for_a_class_is_of_it(how):
    assert all(HANDSHAKE_KINDS[kind].category == letter for letter, kinds in HANDSHAKES[how].items() for kind in kinds)
    assert how == OWN or not any(set(kinds) & ENDING_KINDS for kinds in HANDSHAKES[how].values())


def test_a_handshake_gets_what_its_proxy_can_do_and_no_failure_of_a_request():
    place, = places(ended(greet('cache')), known())
    found = points_of(place, 'redis', handshake=OWN)
    assert [(point.category, point.mode, *point.kinds) for point in found] == [
        ('A', 'always', 'alert-internal-error'), ('A', 'once', 'alert-internal-error'), ('F', 'once', 'handshake-reset'),
        ('D', 'once', 'handshake-hang'), ('B', 'once', 'expired-certificate')]
    assert points_of(place, 'redis') == []
