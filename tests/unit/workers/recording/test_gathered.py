"""The one file: what a proxy has become stands where all workers have become that."""
import json

import pytest

from tests.support.hosting import spec_for
from tests.support.played_workers import until
from vaurien.proxies.refusals import ElsewhereError
from vaurien.spec import BehaviorSpec
from vaurien.workers.frames import Frame
from vaurien.workers.recording.gathered import GatheredJournal


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'journal'


def hand(played, mirror, number, version, **line):
    """Let a worker hand over a line, and wait until it has come."""
    taken, take = [], mirror.gathered.take

    def taking(*given):
        take(*given)
        taken.append(given)
    mirror.gathered.take = taking
    played.channels[number].post(Frame('lines', version, json.dumps(line).encode() + b'\n'))
    until(lambda: taken)
    mirror.gathered.take = take


def written(journal, path):
    journal.close()
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [line.get('behavior') or line.get('it') or line.get('test') or line['type'] for line in found]


def test_a_line_of_a_change_that_is_under_way_waits_for_it(mirror, played, path):
    journal = GatheredJournal(mirror, str(path))
    mirror.create(spec_for(1, name='one'))
    hand(played, mirror, 1, 2, it='after')      # another one has not become that yet
    hand(played, mirror, 2, 1, it='before')
    mirror.change('one', mix=(BehaviorSpec(name='hang'),))
    mirror.exchanges.begin_mark('test')
    assert written(journal, path) == ['journal', 'dummy', 'before', 'hang', 'after', 'test']
    assert [frame.data for told in played.asked.values() for frame in told if frame.kind == 'mark'] == [['test']] * 2


def test_what_was_refused_and_what_it_is_again_are_there(mirror, played, path):
    journal = GatheredJournal(mirror, str(path))
    mirror.create(spec_for(1, name='one'))
    played.refuses[2] = lambda wanted: any(spec.mix for spec in wanted.specs)
    with pytest.raises(ElsewhereError):
        mirror.change('one', mix=(BehaviorSpec(name='hang'),))
    hand(played, mirror, 1, mirror.crew.version, it='after')
    mirror.remove('one')
    hand(played, mirror, 1, mirror.crew.version, it='end')
    assert written(journal, path) == ['journal', 'dummy', 'hang', 'dummy', 'after', 'end']
