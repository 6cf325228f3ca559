"""What one more costs does not depend on how many there are; ``make scale`` shows it for 9,900, 2,000 and 2,000 of them."""
import contextlib

import pytest

from bench import many, scale
from tests.support.hosting import child, hosted, spec_for
from tests.support.peers import ask, connect, echo_server

#: of each at the end, and an eighth of it at the beginning
MOST = {'sessions': 2_000, 'burst': 2_000, 'mixed': 1_200, 'fleet': 400}


@pytest.mark.parametrize('growth', scale.GROWTHS, ids=lambda growth: growth.name)
def test_costs_grow_no_faster_than_what_there_is(growth, monkeypatch):
    monkeypatch.setattr(scale, 'GROWTH', 4.0)   # with the square it would be eight
    monkeypatch.setattr(scale, 'DOUBLINGS', 3)
    monkeypatch.setattr(scale, 'REQUESTS', 1_000)
    monkeypatch.setattr(scale, 'IDLE', 0.2)
    monkeypatch.setattr(many, 'FOLLOWED', 1)
    monkeypatch.setattr(many, 'CLIENTS', 400)
    most = min(MOST[growth.name], scale.possible(MOST[growth.name]))
    with scale.child(growth.backend) as backend:
        found = [(count, growth.cost(count, backend.address)) for count in (most // 8, most)]
    found = [(count, {name: costs[name] * factor for name, (_, factor) in growth.units.items()}) for count, costs in found]
    assert scale.too_much(growth, found) == []


def test_growth_with_the_square_is_seen():
    growth = scale.GROWTHS[0]
    costs = dict.fromkeys(growth.units, 100.0)
    assert scale.too_much(growth, [(1, costs), (8, costs)]) == []
    assert len(scale.too_much(growth, [(1, costs), (8, {**costs, 'open': 800.0})])) == 1


def test_a_burst_larger_than_what_is_accepted_at_once_is_served_in_turn():
    with echo_server() as backend, child(spec_for(backend)) as proxy, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(proxy.port)) for _ in range(300)]
        for client in reversed(clients):
            assert ask(client, b'x') == b'x'
        assert proxy.state()['accepted'] == 300


def test_a_thousand_proxies_come_and_go():
    with echo_server() as backend, hosted() as host:
        specs = [spec_for(backend, name=f'p{number}') for number in range(1_000)]
        before = host.state()['fds']
        host.call(lambda: host.fleet.reconcile(specs))
        for proxy in list(host.fleet.proxies.values())[::100]:
            with connect(proxy.bound.port) as client:
                assert ask(client, b'ping') == b'ping'
        host.call(lambda: host.fleet.reconcile(specs[::2]))
        assert len(host.fleet.proxies) == 500
        host.wait_idle()
        host.call(lambda: host.fleet.reconcile([]))
        assert not host.fleet.proxies
        for sock in list(backend.accepted):
            assert sock.close() is None
        assert host.state()['fds'] <= before
