"""A fleet with workers that are played by the test: what one of them refuses is taken back in all, and here."""
import gevent
import msgspec
import pytest

from tests.support.hosting import spec_for
from tests.support.peers import free_port
from tests.support.unit_of_time import PATIENCE
from vaurien.following.wanted import Report, Wanted
from vaurien.net import sockets
from vaurien.proxies.refusals import ElsewhereError
from vaurien.spec import BehaviorSpec
from vaurien.workers.channel import Channel
from vaurien.workers.crew import Crew
from vaurien.workers.frames import Frame, Row
from vaurien.workers.mirror import Mirror

NO_PROCESS = 2 ** 30    #: no system has it


class Played:
    """Workers that remember what they are told, and refuse proxies of one name."""

    def __init__(self):
        self.told, self.channels, self.refuses = {1: [], 2: []}, {}, {}

    def fork(self, number):
        ours, theirs = sockets.pair()
        self.channels[number] = Channel(theirs, lambda frame: self.answer(number, frame), lambda: None)
        return NO_PROCESS, ours

    def answer(self, number, frame):
        if frame.kind == 'become':
            wanted = msgspec.convert(frame.data[0], Wanted)
            self.told[number].append(wanted)
            error = 'no room' if self.refuses.get(number) in [spec.name for spec in wanted.specs] else ''
            report = Report(version=wanted.version, applied=not error, error=error)
            self.channels[number].post(Frame('answer', frame.id, (msgspec.to_builtins(report), '')))
        elif frame.id:
            self.channels[number].post(Frame('answer', frame.id, (0, '')))

    def row(self, number, *counts, sessions=0, serial=1, version=1):
        row = Row('one', serial, version, sessions, [*counts, *[0] * (10 - len(counts))])
        self.channels[number].post(Frame('rows', 0, [row]))


@pytest.fixture
def played():
    return Played()


@pytest.fixture
def mirror(played):
    crew = Crew(played, 2, 7)
    fleet = Mirror(crew, 7)
    crew.start()
    yield fleet
    fleet.close()
    for channel in played.channels.values():
        channel.close()


def until(holds):
    with gevent.Timeout(PATIENCE):
        while not holds():
            gevent.sleep(0)


def names(played, number):
    return [[spec.name for spec in wanted.specs] for wanted in played.told[number]]


def test_all_are_told_the_place_that_is_held(mirror, played):
    proxy = mirror.create(spec_for(1, name='one'))
    assert [wanted.specs[0].proxy for told in played.told.values() for wanted in told] == [proxy.address] * 2


def test_a_new_proxy_that_one_refuses_is_nowhere(mirror, played):
    mirror.create(spec_for(1, name='one'))
    played.refuses[2] = 'two'
    port = free_port()
    with pytest.raises(ElsewhereError, match='worker 2 refuses it, and nothing has changed: no room'):
        mirror.create(spec_for(1, name='two', proxy=f'127.0.0.1:{port}'))
    assert list(mirror.proxies) == ['one']
    assert names(played, 1) == names(played, 2) == [['one'], ['one', 'two'], ['one']]
    mirror.create(spec_for(1, name='three', proxy=f'127.0.0.1:{port}'))     # the place is held no more


def test_a_change_that_one_refuses_leaves_every_proxy_as_it_was(mirror, played):
    kept, moved, gone = spec_for(1, name='kept'), spec_for(1, name='moved'), spec_for(1, name='gone')
    mirror.reconcile([kept, moved, gone])
    before = [(proxy.spec, proxy.address, proxy.started) for proxy in mirror.proxies.values()]
    played.refuses[1] = 'new'
    elsewhere = msgspec.structs.replace(moved, proxy=f'127.0.0.1:{free_port()}', mix=(BehaviorSpec(name='hang'),))
    with pytest.raises(ElsewhereError):
        mirror.reconcile([kept, elsewhere, spec_for(1, name='new')])
    assert [(proxy.spec, proxy.address, proxy.started) for proxy in mirror.proxies.values()] == before
    assert played.told[2][-1].specs == played.told[2][0].specs
    played.refuses.clear()
    assert str(mirror.reconcile([kept, elsewhere])) == 'changed moved; removed gone'


def test_rows_are_added_up_and_stay_when_their_worker_is_gone(mirror, played):
    proxy = mirror.create(spec_for(1, name='one'))
    played.row(1, 5, sessions=3)
    played.row(2, 7, sessions=2)
    played.row(1, 6, sessions=4)
    until(lambda: (proxy.stats.accepted, len(proxy.sessions)) == (13, 6))
    played.channels[1].close()
    until(lambda: mirror.crew.replaced)
    assert (proxy.stats.accepted, len(proxy.sessions), mirror.crew.lost) == (13, 2, 4)


def test_a_row_of_another_proxy_that_had_the_name_is_not_counted(mirror, played):
    mirror.create(spec_for(1, name='one'))
    mirror.remove('one')
    proxy = mirror.create(spec_for(1, name='one'))
    played.row(1, 5, version=1)
    played.row(1, 2, version=mirror.crew.version, serial=2)
    until(lambda: proxy.stats.accepted)
    assert proxy.stats.accepted == 2
