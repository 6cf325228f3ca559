"""What an error may be told, and when it is applied."""
from typing import Any

import pytest

from vaurien.behaviors import Behavior
from vaurien.behaviors.error import Error
from vaurien.behaviors.transient import Transient
from vaurien.errors import ConfigError
from vaurien.protocols import Protocol


@pytest.mark.parametrize('protocol', ['http', 'grpc'])
@pytest.mark.parametrize('told', [{'status': 404}, {'header': 'a: b'}, {'body': ''}, {'retry_after': 0}, {'quota': '1/1s'},
                                  {'kind': 'response', 'status': 200}, {'kind': '503', 'quota': '1/1s'}],
                         ids=lambda told: ' '.join(told))
def test_a_response_of_ones_own_is_a_kind_of_http(protocol: str, told: dict[str, Any]) -> None:
    error = Error(told)
    if protocol == 'http' or told.get('kind') != '503':      # which gRPC has not
        error.suit(Protocol.get(protocol))
    assert error.settings['kind'] == told.get('kind', 'response')


@pytest.mark.parametrize('protocol', sorted({*Protocol.names()} - {'http', 'grpc'}))
@pytest.mark.parametrize('name, told', [('error', {'status': 404}), ('error', {'quota': '1/1s'}), ('transient', {'body': 'x'}),
                                        ('edit', {'keep': 1}), ('dribble', {})])
def test_no_other_protocol_has_it(protocol: str, name: str, told: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match='http'):
        Behavior.get(name)(told).suit(Protocol.get(protocol))


@pytest.mark.parametrize('told, words', [
    ({'status': 600}, 'from 200 to 599'), ({'header': 'Content-Length: 3'}, 'none of connection, content-length'),
    ({'kind': '503', 'status': 500}, 'no kind beside it'), ({'bucket': True}, 'a quota beside it'), ({'quota': '1'}, '60/1m'),
    ({'inject': True, 'body': 'x'}, 'no body beside it'), ({'inject': True, 'quota': '1/s'}, 'no quota beside it'),
    ({'first': -1}, 'first')])
def test_what_does_not_fit_together_is_refused(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Error(told)


@pytest.mark.parametrize('behavior, applied', [
    (Error({}), '111111'), (Error({'first': 2}), '110000'), (Error({'warmup': 1, 'first': 2}), '011000'),
    (Error({'warmup': 4}), '000011'), (Transient({}), '100000'),
    (Transient({'agitate': 0}), '000000'), (Transient({'warmup': 2, 'agitate': 3}), '001110')])
def test_the_first_ones_get_it(behavior: Error, applied: str) -> None:
    assert ''.join(str(int(behavior.acts())) for _ in applied) == applied


def test_what_transient_is_told_is_what_error_is_told_but_for_its_limit() -> None:
    assert {*Error.options} - {*Transient.options} == {'first', 'quota', 'bucket'}
    assert {*Transient.options} - {*Error.options} == {'agitate'}
