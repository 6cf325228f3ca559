"""The toxics of a proxy, put on sessions that are made of two streams: who is active where, and what a change does."""
import gevent
import pytest

from tests.support.toxic_talk import Sink, pause
from vaurien.errors import ConfigError, UnknownPluginError
from vaurien.spec import ToxicSpec
from vaurien.toxics import TOXICS, Toxic
from vaurien.wire import behind
from vaurien.wire.toxics import ProxyToxics, check_toxic, check_toxics

LATE = {'latency': 5000}


class Session:
    """What a wire sees of a session."""

    def __init__(self, number: int) -> None:
        self.number, self.ended = number, False
        self.streams = {'downstream': Sink(), 'upstream': Sink()}
        self.events: list[str] = []
        for stream in self.streams.values():
            stream.through = None       # type: ignore[attr-defined]

    def outlet(self, direction):
        return self.streams[direction]

    def outlet_lost(self, direction, error):
        self.events.append(f'lost {direction}')

    def finish_direction(self, direction):
        self.events.append(f'end {direction}')

    def abort(self):
        self.ended = True

    def toxic_failed(self, toxic):
        self.events.append(f'failed {toxic.name}')
        self.ended = True

    def toxics(self, direction='downstream'):
        through = self.streams[direction].through
        return list(through._stages) if through is not None else []


def specs(*toxics):
    return [toxic if isinstance(toxic, ToxicSpec) else ToxicSpec(type=toxic, name=toxic) for toxic in toxics]


class Proxy:
    """A wire with sessions."""

    def __init__(self, *toxics, sessions=1, seed=7):
        self.toxics = ProxyToxics(seed, 'it', check_toxics(specs(*toxics)))
        self.sessions = [Session(number + 1) for number in range(sessions)]
        for session in self.sessions:
            self.toxics.attach(session)

    def become(self, *toxics):
        self.toxics.change(check_toxics(specs(*toxics)), self.sessions)
        self.toxics.wait()
        return self

    @property
    def active(self):
        return [session.number for session in self.sessions if session.toxics()]


def toxic(kind='latency', name='it', **fields):
    return ToxicSpec(type=kind, name=name, **fields)


@pytest.fixture
def registered():
    names = []

    def register(cls):
        names.append(TOXICS.register(cls).name)
        return cls
    yield register
    for name in names:
        TOXICS.unregister(name)


# -- specs

def test_a_toxic_without_a_name_is_called_after_its_type_and_its_stream_as_given():
    assert check_toxic(ToxicSpec(type='latency')).spec.name == 'latency_downstream'
    attached = check_toxic(ToxicSpec(type='latency', stream='UPSTREAM'))
    assert (attached.spec.name, attached.spec.stream, attached.direction) == ('latency_UPSTREAM', 'UPSTREAM', 'upstream')


@pytest.mark.parametrize('spec, error', [
    (toxic('fog'), UnknownPluginError), (toxic(stream='sideways'), ConfigError), (toxic(attributes={'lag': 1}), ConfigError),
    (toxic(attributes={'latency': 'soon'}), ConfigError), (toxic(attributes={'latency': 2 ** 63}), ConfigError),
    (toxic('corrupt', attributes={'rate': 2}), ConfigError),
])
def test_what_does_not_fit_is_refused(spec, error):
    with pytest.raises(error):
        check_toxic(spec)


def test_two_toxics_of_one_name_are_refused():
    with pytest.raises(ConfigError, match='a name that no other toxic of the proxy has'):
        check_toxics([toxic(), toxic('noop', stream='upstream')])


# -- who is active

def test_each_direction_has_its_own_toxics_in_their_order():
    proxy = Proxy(toxic(name='a'), toxic(name='b', stream='Upstream'), toxic('noop', name='c'))
    assert proxy.sessions[0].toxics() == ['a', 'c']
    assert proxy.sessions[0].toxics('upstream') == ['b']


def test_toxicity_is_the_share_of_sessions_and_the_same_with_the_same_seed():
    proxies = [Proxy(toxic(toxicity=0.3), sessions=500) for _ in range(2)]
    assert len(proxies[0].active) == 156
    assert proxies[0].active == proxies[1].active
    assert proxies[0].active != Proxy(toxic(toxicity=0.3), sessions=500, seed=8).active


@pytest.mark.parametrize('toxicity, count', [(0, 0), (-3, 0), (1, 20), (5, 20)])
def test_toxicity_out_of_range_means_none_or_all(toxicity, count):
    assert len(Proxy(toxic(toxicity=toxicity), sessions=20).active) == count


def test_a_toxic_with_no_toxicity_leaves_the_stream_alone():
    assert Proxy(toxic('reset_peer', toxicity=0)).sessions[0].streams['downstream'].through is None


def test_two_toxics_draw_independently():
    proxy = Proxy(toxic(name='a', toxicity=0.5), toxic(name='b', toxicity=0.5), sessions=400)
    both = [session for session in proxy.sessions if len(session.toxics()) == 2]
    assert 70 < len(both) < 130


# -- changes

def test_a_toxic_that_is_as_it_was_is_left_alone():
    proxy = Proxy(toxic(attributes=LATE, toxicity=0.5), sessions=50)
    stages = [session.streams['downstream'].through._stages['it'] for session in proxy.sessions if session.toxics()]
    before = proxy.active
    proxy.become(toxic(attributes=LATE, toxicity=0.5), 'noop')
    assert [session.number for session in proxy.sessions if 'it' in session.toxics()] == before
    assert stages == [session.streams['downstream'].through._stages['it'] for session in proxy.sessions
                      if 'it' in session.toxics()]


def test_an_update_draws_anew_and_so_does_an_empty_one():
    proxy = Proxy(toxic(toxicity=0.5), sessions=200)
    seen = [proxy.active]
    proxy.become(toxic(toxicity=0.5, attributes={'latency': 1}))
    seen.append(proxy.active)
    proxy.toxics.redraw('it', proxy.sessions)
    seen.append(proxy.active)
    assert all(70 < len(active) < 130 for active in seen)
    assert seen[0] != seen[1] != seen[2] != seen[0]
    newcomers = [Session(number + 1) for number in range(200)]
    for session in newcomers:
        proxy.toxics.attach(session)
    assert [session.number for session in newcomers if session.toxics()] == seen[2]


def test_the_order_of_the_spec_holds_also_for_toxics_that_become_active_later():
    proxy = Proxy(toxic(name='a', toxicity=0), 'noop', toxic(name='c', toxicity=0))
    proxy.become(toxic(name='a'), 'noop', toxic(name='c'))
    assert proxy.sessions[0].toxics() == ['a', 'noop', 'c']


def test_an_update_reaches_objects_at_work_and_keeps_their_state():
    proxy = Proxy(toxic('limit_data', attributes={'bytes': 10}))
    chain = proxy.sessions[0].streams['downstream'].through
    chain.put(b'12345')
    pause()
    proxy.become(toxic('limit_data', attributes={'bytes': 7}))
    chain.put(b'6789')
    pause()
    assert proxy.sessions[0].streams['downstream'].data == b'1234567'


def test_sessions_that_are_behind_get_what_is_in_force_in_the_end(monkeypatch):
    monkeypatch.setattr(behind, 'STEPS_AT_ONCE', 1)
    proxy = Proxy(toxic(name='a', attributes={'latency': 1}), toxic('noop', name='b'), sessions=20)

    def change(*toxics):
        proxy.toxics.change(check_toxics(specs(*toxics)), proxy.sessions)
    change(toxic('noop', name='b'))
    change(toxic('noop', name='c'), toxic(name='a', attributes={'latency': 2}), toxic('noop', name='b'))
    assert [session.toxics() for session in proxy.sessions[2:]] == [['a', 'b']] * 18   # no one has had a turn yet
    proxy.toxics.wait()
    assert [session.toxics() for session in proxy.sessions] == [['c', 'a', 'b']] * 20
    objects = [session.streams['downstream'].through._stages['a'].toxic for session in proxy.sessions]
    assert {each.settings['latency'] for each in objects} == {2}
    change(toxic('noop', name='b'), toxic(name='a', attributes={'latency': 3}))
    change()
    proxy.toxics.wait()
    assert [session.streams['downstream'].through for session in proxy.sessions] == [None] * 20


def test_another_type_or_stream_under_the_same_name_is_another_toxic():
    proxy = Proxy(toxic(attributes=LATE))
    session = proxy.sessions[0]
    session.streams['downstream'].through.put(b'held')
    proxy.become(toxic('noop', stream='upstream'))
    assert (session.toxics(), session.toxics('upstream')) == ([], ['it'])
    assert session.streams['downstream'].data == b'held'


def test_without_a_toxic_the_stream_has_no_chain():
    proxy = Proxy('noop', toxic())
    proxy.become()
    assert proxy.sessions[0].streams['downstream'].through is None
    assert not proxy.toxics


@pytest.mark.parametrize('after', [(), ({'toxicity': 0},)], ids=['removed', 'not active'])
@pytest.mark.parametrize('name', ['reset_peer', 'timeout'])
def test_a_session_that_lacks_bytes_by_a_toxic_ends_when_that_is_no_longer_at_work(name, after):
    proxy = Proxy(toxic(name, attributes={'timeout': 60_000}), sessions=1)
    session = proxy.sessions[0]
    session.streams['downstream'].through.put(b'lost')
    pause(2)
    proxy.become(*(toxic(name, attributes={'timeout': 60_000}, **more) for more in after))
    assert session.events == ['end downstream']
    assert session.streams['downstream'].data == b''


def test_a_session_that_lacks_nothing_goes_on_without_reset_peer():
    proxy = Proxy(toxic('reset_peer', attributes={'timeout': 60_000}))
    pause(2)
    proxy.become()
    assert proxy.sessions[0].events == []


def test_removing_a_timeout_ends_the_sessions_it_is_active_in_and_no_update_does():
    proxy = Proxy(toxic('timeout', toxicity=0.5), sessions=40)
    hit = proxy.active
    proxy.become(toxic('timeout', toxicity=0.6))
    proxy.become(toxic('timeout', toxicity=0))
    assert not any(session.events for session in proxy.sessions)
    proxy.become(toxic('timeout', toxicity=0.5))
    hit = proxy.active
    proxy.become()
    assert [session.number for session in proxy.sessions if session.events == ['end downstream']] == hit


def test_slow_open_is_on_no_lane_also_after_an_update():
    proxy = Proxy(toxic('slow_open', attributes={'delay': 30}))
    assert proxy.toxics.opening_delay(1) == 0.03
    proxy.become(toxic('slow_open', attributes={'delay': 50}))
    proxy.toxics.redraw('it', proxy.sessions)
    assert proxy.toxics.opening_delay(1) == 0.05
    assert proxy.sessions[0].toxics() == []


def test_a_toxic_that_cannot_be_made_ends_that_session_alone_and_the_change_goes_on(registered):
    @registered
    class Broken(Toxic):
        """Cannot be made, every other time."""

        name = 'broken'
        count = 0

        def __init__(self, *args):
            super().__init__(*args)
            Broken.count += 1
            if Broken.count == 2:      # the first one is made for a look, when the toxic is asked for
                raise gevent.Timeout(1)
    proxy = Proxy(sessions=2)
    proxy.become('broken', 'noop')
    assert [session.events for session in proxy.sessions] == [['failed broken'], []]
    assert proxy.sessions[1].toxics() == ['broken', 'noop']


def test_sessions_that_have_ended_are_left_alone():
    proxy = Proxy()
    proxy.sessions[0].ended = True
    proxy.become('noop')
    assert proxy.sessions[0].toxics() == []
