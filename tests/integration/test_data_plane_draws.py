"""Which exchanges meet which behavior: drawn once each, from the seed alone, with the shares of the mix."""
from collections import Counter
from random import Random

import pytest

from tests.support.hosting import SEED, hosted, spec_for
from tests.support.peers import ask, connect, read_to_end
from vaurien.protocols.tcp import TCP
from vaurien.relay.chaos import Chaos
from vaurien.spec import BehaviorSpec

MIX = '20:delay,10:error'
QUICK = {'settings': {'delay': {'sleep': 0.0}}}
#: what 1,000 exchanges of the first session with seed 7 meet
COUNTS = {'delay': 216, 'error': 93}


def exchanges(port: int, count: int) -> None:
    """Make exchanges on one connection, one after the other; an error has 100 bytes, an answer 4."""
    with connect(port) as client:
        for _ in range(count):
            answer = ask(client, b'ping', 4)
            if answer != b'ping':
                answer += client.recv(96)
                assert len(answer) == 100


def faults(echo_server, seed: int) -> list[tuple[int, str]]:
    with hosted(spec_for(echo_server, MIX, **QUICK), seed=seed) as host:
        exchanges(host.port, 1000)
        host.wait_idle()
        assert host.proxy.stats.exchanges == 1000
        return [(fault.exchange, fault.behavior) for fault in host.fleet.journal.since()]


def test_seed_7_gives_the_same_sequence_of_faults_in_two_runs_with_these_counts(echo_server):
    first = faults(echo_server, SEED)
    assert first == faults(echo_server, SEED)
    assert Counter(behavior for _, behavior in first) == COUNTS
    assert first != faults(echo_server, SEED + 1)


def test_sessions_of_a_seed_meet_the_same_whatever_others_do(echo_server):
    def met(others: int) -> list[int]:
        with hosted(spec_for(echo_server, '50:error')) as host, connect(host.port) as client:
            ask(client, b'ping', 4)
            for _ in range(others):
                exchanges(host.port, 3)
            while len(list(host.fleet.journal.since())) < 30:
                client.sendall(b'ping')
                client.recv(100)
            return [fault.exchange for fault in host.fleet.journal.since() if fault.session == 1]
    assert met(0)[:5] == met(3)[:5]


def test_shares_are_right_over_100_000_draws():
    entries = (BehaviorSpec(name='delay', percent=20), BehaviorSpec(name='error', percent=10),
               BehaviorSpec(name='hang', percent=0.5), BehaviorSpec(name='dummy', percent=30))
    chaos, random = Chaos(entries, {}, TCP), Random(SEED)
    drawn = Counter(chaos.draw(random).name for _ in range(100_000))
    assert drawn == {'delay': 20_062, 'error': 10_094, 'hang': 505, 'dummy': 69_339}
    for name, share in {'delay': 20, 'error': 10, 'hang': 0.5, 'dummy': 69.5}.items():
        assert abs(drawn[name] / 1000 - share) < 0.5


@pytest.mark.parametrize('mix', ['', 'dummy', '20:dummy'])
def test_dummy_in_a_mix_below_100_draws_nothing(echo_server, mix):
    with hosted(spec_for(echo_server, mix)) as host:
        exchanges(host.port, 20)
        host.wait_idle()
        assert host.proxy.stats.exchanges == 20
        assert list(host.fleet.journal.since()) == []


def test_end_of_stream_is_no_exchange_and_draws_nothing(echo_server):
    with hosted(spec_for(echo_server, '100:error')) as host:
        with connect(host.port) as client:
            client.shutdown(1)
            assert read_to_end(client) == b''
        host.wait_idle()
        assert (host.proxy.stats.exchanges, list(host.fleet.journal.since())) == (0, [])
