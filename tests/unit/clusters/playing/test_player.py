"""A scenario on the members of a cluster, with an etcd in memory and members that answer at once."""
import threading

import pytest

from tests.support.memory_etcd import Obedient
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.clusters.asking import Asking, TakenError
from vaurien.clusters.etcd.errors import UnreachableError
from vaurien.clusters.model import Members
from vaurien.clusters.playing import player
from vaurien.clusters.playing.player import Options, Playing, UnplayableError
from vaurien.clusters.playing.stages import make_stages
from vaurien.clusters.where import find_cluster
from vaurien.errors import VaurienError
from vaurien.words.phases.reading import read_data

GONE = UnreachableError('h:1', 'no')
LONG = {'for': PATIENCE}
SHORT = {'for': '1ms'}


@pytest.fixture
def asking(etcd, monkeypatch):
    for name in ('LOOK', 'MEMBERS_LOOK', 'RETRY'):
        monkeypatch.setattr(player, name, 1 * MS)
    asking = Asking(find_cluster('etcd://h/x'), 'me')
    yield asking
    etcd.failing.clear()
    asking.close()


class Play:
    """Plays phases, and does something with each piece that comes."""

    def __init__(self, asking, *phases, members=(), **options):
        stages = make_stages(read_data({'phase': list(phases)}, 'file'), 'file')
        self.stop, self.pieces, self.then = threading.Event(), [], {}
        options = Options(Members(names=tuple(members)), timeout=PATIENCE, **options)
        self.playing = Playing(asking, stages, options, self.stop)

    def on(self, event, act):
        self.then.setdefault(event, []).append(act)
        return self

    def run(self):
        for piece in self.playing.play():
            self.pieces.append(piece)
            if self.then.get(piece['event']):
                self.then[piece['event']].pop(0)()
        return self

    @property
    def events(self):
        return [piece['event'] for piece in self.pieces]

    @property
    def last(self):
        return self.pieces[-1]


def test_steps_of_a_ramp_follow_at_their_times_and_those_that_are_over_are_passed_over(asking, etcd):
    Obedient(etcd, 'x', 'm1')
    seen = []

    def look(key):
        if 'orders' in key:
            seen.extend(known.order.progress for known in asking.state().orders)
    etcd.told.append(look)
    ramp = {'ramp': {'mix': {'delay': [0, 9]}}, 'steps': 3}
    played = Play(asking, {'for': '30ms', **ramp}).run()
    assert (seen[0], seen[-1]) == (0.0, 1.0)
    assert played.events == ['phase', 'applied', 'end']
    seen.clear()
    Play(asking, {'for': '0.001ms', **ramp}).run()
    assert seen == [0.0, 1.0]
    assert asking.state().orders == []


def test_who_joins_and_then_refuses_ends_it_unless_some_are_enough(asking, etcd):
    Obedient(etcd, 'x', 'm1')

    def join():
        joining = Obedient(etcd, 'x', 'm2')
        joining.refuses['slow'] = 'no such behavior'
        joining.look('/vaurien/x/wanted/')
    phase = {**LONG, 'name': 'slow', 'mix': '1:delay'}
    with pytest.raises(UnplayableError, match='phase slow: m2 refuses: no such behavior; all of it was taken back'):
        Play(asking, phase).on('applied', join).run()
    assert asking.state().orders == []
    partly = Play(asking, phase, partly=True)
    threading.Timer(50 * MS, partly.stop.set).start()
    partly.run()
    assert partly.pieces[1]['text'] == '  applied by m1; m2 refuses: no such behavior'
    assert (partly.last['ended'], partly.last['phases'][0]['members']) == ('stopped', ('m1',))
    joined = Play(asking, LONG, members=['m*'])
    joined.on('applied', lambda: Obedient(etcd, 'x', 'm3')).on('joined', joined.stop.set).run()
    assert joined.events == ['phase', 'applied', 'joined', 'end']


def test_a_member_that_says_nothing_ends_it(asking, etcd):
    Obedient(etcd, 'x', 'm1')
    Obedient(etcd, 'x', 'm2').silent = True
    playing = Play(asking, SHORT)
    playing.playing._options = playing.playing._options._replace(timeout=1 * MS)
    with pytest.raises(UnplayableError, match='^phase 1: no word in time from m2; all'):
        playing.run()
    partly = Play(asking, SHORT, partly=True)
    partly.playing._options = partly.playing._options._replace(timeout=1 * MS)
    assert partly.run().pieces[1]['text'] == '  applied by m1; no word from m2'


def test_etcd_that_is_away_for_a_moment_is_asked_again(asking, etcd):
    Obedient(etcd, 'x', 'm1')
    played = Play(asking, SHORT, {'for': '20ms', 'mix': '1:delay'})
    played.on('applied', lambda: etcd.failing.append(GONE)).on('applied', lambda: etcd.failing.append(GONE)).run()
    assert played.events == ['phase', 'applied', 'phase', 'applied', 'end']


def test_etcd_that_is_away_when_a_phase_is_to_begin_is_asked_again_until_it_is_to_end(asking, etcd, monkeypatch):
    Obedient(etcd, 'x', 'm1')
    played, tried = Play(asking, SHORT, SHORT), []

    def change(name, order):
        tried.append(name)
        if len(tried) > 2:
            played.stop.set()
        raise GONE
    monkeypatch.setattr(asking, 'change', change)
    with pytest.raises(UnreachableError):
        played.run()
    assert len(tried) == 3


def test_what_cannot_be_ended_is_said_with_what_ends_it(asking, etcd):
    Obedient(etcd, 'x', 'm1')
    played = Play(asking, LONG)
    played.on('applied', lambda: (played.stop.set(), etcd.failing.append(GONE))).run()
    assert played.last['text'] == 'etcd cannot be reached at h:1: no; members end the scenario by themselves within 10 s'


@pytest.mark.parametrize('act, kind, said', [
    (lambda asking: asking.halt('lunch'), TakenError, r'me has halted the cluster \(lunch\): the scenario has ended'),
    (lambda asking: asking.end([known.id for known in asking.state().orders]), TakenError, 'was ended by somebody else'),
    (lambda asking: setattr(asking, '_lost', 'its lease is gone'), VaurienError, 'the scenario has ended: its lease is gone'),
], ids=['halt', 'end', 'lease'])
def test_it_ends_when(asking, etcd, act, kind, said):
    Obedient(etcd, 'x', 'm1')
    played = Play(asking, LONG).on('applied', lambda: act(asking))
    with pytest.raises(kind, match=said):
        played.run()
    assert played.last['ended'] == 'failed'


def test_where_nothing_could_be_asked_for_nothing_is_taken_back(asking, etcd):
    asking.halt()
    with pytest.raises(TakenError, match='has halted the cluster'):
        Play(asking, SHORT).run()


def test_it_is_interrupted(asking, etcd):
    Obedient(etcd, 'x', 'm1')
    pieces = Play(asking, LONG).playing.play()
    assert [next(pieces)['event'], next(pieces)['event']] == ['phase', 'applied']
    with pytest.raises(KeyboardInterrupt):
        pieces.throw(KeyboardInterrupt)
    assert asking.state().orders == []
