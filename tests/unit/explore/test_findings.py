"""How a finding is shown again: which request of a test that runs alone gets which fault."""
from tests.unit.explore.talk import ask, ended, greet, known, point
from vaurien.explore.findings import Hit, each_alone, grouped
from vaurien.explore.model.faults import SEEN, points_of
from vaurien.explore.model.records import Run
from vaurien.explore.model.sites import places
from vaurien.explore.verdicts import Verdict
from vaurien.plans.grammar import format_fault

LOST = 'lost-reply'


def pair(base, seen, at, letter='C'):
    """A fault at a request of a run that had another one at its first request."""
    return point(seen, letter, at=at)._replace(first=point(base, 'C'))


def faults(one, tested):
    return [format_fault(spec) for spec in each_alone(one, Run(0, 1.0, {'t': tested}))]


def test_one_fault_is_shown_by_the_count_of_its_request():
    tested = ended(ask('GET a'), ask('GET a', fault=LOST))
    assert faults(point(ended(ask('GET a'), ask('GET a')), 'C', at=1), tested) == [f'p: GET a #2 = {LOST}']


def test_two_faults_are_shown_each_at_its_own_request():
    base, under = ended(ask('SET a')), ended(ask('SET a', fault=LOST), ask('SET a'), ask('GET b'))
    same = ended(ask('SET a', fault=LOST), ask('SET a', fault=LOST), ask('SET a'))
    assert faults(pair(base, under, 1), same) == [f'p: SET a = {LOST}', f'p: SET a #2 = {LOST}']
    other = ended(ask('SET a', fault=LOST), ask('SET a'), ask('GET b', fault='loading'))
    assert faults(pair(base, under, 2, 'A'), other) == [f'p: SET a = {LOST}', 'p: GET b = loading']


def test_pairs_are_findings_of_their_own():
    base = ended(ask('SET a'))
    under = ended(ask('SET a', fault=LOST), ask('SET a'))
    verdict = Verdict('hang', 'FAIL', 'silence')
    found = grouped([Hit(point(base, 'C'), verdict, LOST), Hit(pair(base, under, 1), verdict, LOST)])
    assert [one.sites for one in found] == [['SET a'], ['SET a, then SET a']]


def test_a_handshake_is_shown_by_its_own_count_and_is_a_finding_of_its_own():
    base = ended(greet('cache'), ask('GET a'), greet('cache'), ask('GET a'))
    _, get, second, _ = places(base, known())
    one, = (one for one in points_of(second, 'redis', handshake=SEEN) if one.category == 'D')
    assert faults(one, ended(greet('cache'), ask('GET a'), greet('cache', fault='handshake-hang', answer=''))) == [
        'p: handshake cache #2 = handshake-hang']
    verdict, other = Verdict('hang', 'FAIL', 'silence'), one._replace(place=get, kinds=('hang',))
    assert [found.sites for found in grouped([Hit(one, verdict, 'handshake-hang'), Hit(other, verdict, 'hang')])] == [
        ['handshake cache'], ['GET a']]
