"""The table of links, and the toxics that are made of it."""
import pytest

from vaurien.links import LINKS, PREFIX, STREAMS, NetworkProfile, kilobytes, make_link, rate_beside
from vaurien.spec import ToxicSpec
from vaurien.wire.toxics import check_toxics


@pytest.mark.parametrize('name', LINKS)
def test_every_link_says_where_its_figures_are_from_and_what_it_is_like(name):
    link = LINKS[name]
    assert link.source
    assert 0 <= link.jitter <= link.latency
    assert min(link.up, link.down) > 0
    assert 0 <= link.loss < 1


@pytest.mark.parametrize('name', LINKS)
def test_every_link_is_toxics_that_can_be_worn(name):
    worn = check_toxics(ToxicSpec(**toxic) for toxic in make_link(name))
    assert all(name.startswith(PREFIX) for name in worn)
    assert {wear.direction for wear in worn.values()} == {'upstream', 'downstream'}
    assert 'packet_loss' not in {wear.cls.name for wear in worn.values()}, 'TCP leaves no holes'


def test_a_link_is_its_rate_and_then_its_delay_in_each_direction():
    assert [tuple(toxic.values()) for toxic in make_link('dsl')] == [
        ('bandwidth', 'link_bandwidth_downstream', 'downstream', {'rate': 188, 'shared': True}),
        ('latency', 'link_latency_downstream', 'downstream', {'latency': 25, 'jitter': 0}),
        ('bandwidth', 'link_bandwidth_upstream', 'upstream', {'rate': 48, 'shared': True}),
        ('latency', 'link_latency_upstream', 'upstream', {'latency': 25, 'jitter': 0})]


def test_a_loss_is_the_rate_that_a_connection_reaches_beside_it():
    # 1460 bytes a round trip of 1 s, times 1.22 / sqrt(0.1): 5632 bytes a second
    assert rate_beside(LINKS['bad']) == 6
    assert [toxic['attributes'] for toxic in make_link('bad') if 'loss' in toxic['name']] == [{'rate': 6}] * 2
    assert rate_beside(LINKS['dsl']) is None


def test_a_loss_that_does_not_matter_beside_the_rate_is_no_toxic():
    assert not [toxic for toxic in make_link('gprs') if 'loss' in toxic['name']]


@pytest.mark.parametrize('kilobits, expected', [(8, 1), (1, 1), (20, 2), (1500, 188)])
def test_a_rate_is_whole_kilobytes_and_never_none(kilobits, expected):
    assert kilobytes(kilobits) == expected


def test_directions_are_those_of_specs():
    assert STREAMS == STREAMS


def test_a_link_is_described_in_a_line():
    assert str(NetworkProfile(5, 1, 2, 3, 0.01, 'x')) == '5 ms each way, jitter 1 ms, 2 kbit/s down, 3 up, 1 % lost'
    assert str(NetworkProfile(5, 1, 2, 3, 0.0, 'x')) == '5 ms each way, jitter 1 ms, 2 kbit/s down, 3 up'
