"""Each verdict, and what is as near to it as possible and is none."""
import pytest

from tests.unit.explore.talk import ask, ended, greet, known, point
from vaurien.explore.model.faults import OWN, points_of
from vaurien.explore.model.sites import Known, places
from vaurien.explore.verdicts import judge
from vaurien.explore.verdicts.table import VERDICTS
from vaurien.protocols import Protocol

LOST, HALF = 'lost-reply', 'half-reply'
REFUSED = [['redis.exceptions.ReadOnlyError', 'redis.exceptions.RedisError', 'builtins.Exception']]
ASSERTION = [['builtins.AssertionError', 'builtins.Exception']]
RESET = [['builtins.KeyError', 'builtins.Exception'], ['builtins.ConnectionResetError', 'builtins.OSError', 'builtins.Exception']]


def verdicts(base, seen, category, mode='once', about=None, stable=None, **more):
    about = about or known()
    sites = {about.site(exchange) for exchange in base.exchanges} if stable is None else stable
    found = judge(point(base, category, mode, about=about, **more), base, seen, about, sites)
    return None if found is None else {one.name: one.level for one in found}


@pytest.mark.parametrize('seen, category, expected', [
    # the same write is done again, and it may not be
    ((ask('LPUSH a', fault=LOST), ask('LPUSH a')), 'C', {'double-effect': 'FAIL'}),
    ((ask('LPUSH a', fault=HALF), ask('LPUSH a'), ask('LPUSH a')), 'E', {'double-effect': 'FAIL'}),
    # the repeat had no effect, is another one, or never came
    ((ask('LPUSH a', fault=LOST), ask('LPUSH a', code='0')), 'C', {}),
    ((ask('LPUSH a', fault=LOST), ask('LPUSH a', answer='LOADING')), 'C', {}),
    ((ask('LPUSH a', fault=LOST), ask('LPUSH a', digest='another')), 'C', {}),
    ((ask('LPUSH a', fault=LOST),), 'C', {}),
    # not done the first time
    ((ask('LPUSH a', fault='hang'), ask('LPUSH a')), 'D', {}),
    # no request met it
    ((ask('LPUSH a'),), 'C', None),
])
def test_double_effect(seen, category, expected):
    assert verdicts(ended(ask('LPUSH a')), ended(*seen), category) == expected


def test_what_may_be_done_twice_and_what_is_done_twice_anyway_is_no_double_effect():
    assert verdicts(ended(ask('SET a')), ended(ask('SET a', fault=LOST), ask('SET a')), 'C') == {}
    twice = ended(ask('LPUSH a'), ask('LPUSH a'))
    assert verdicts(twice, ended(ask('LPUSH a', fault=LOST), ask('LPUSH a')), 'C') == {}
    assert 'double-effect' in verdicts(twice, ended(ask('LPUSH a', fault=LOST), ask('LPUSH a'), ask('LPUSH a')), 'C')


def test_what_nobody_knows_is_a_warning():
    assert verdicts(ended(ask('EVAL x')), ended(ask('EVAL x', fault=LOST), ask('EVAL x')), 'C') == {'double-effect': 'WARN'}


def test_a_transaction_is_judged_by_what_it_contains():
    def transaction(verb, **last):
        return ask('MULTI'), ask(f'{verb} a', stage='queued'), ask('EXEC', stage='exec', **last)
    for verb, expected in (('INCR', {'double-effect': 'FAIL'}), ('SET', {})):
        base = ended(*transaction(verb))
        seen = ended(*transaction(verb, fault=LOST), *transaction(verb))
        assert verdicts(base, seen, 'C', at=1) == expected


def test_own_effect_refused():
    base = ended(ask('SET lock'))
    again = ask('SET lock', fault=LOST), ask('SET lock', code='nil')
    assert 'own-effect-refused' in verdicts(base, ended(*again, outcome='failed', errors=ASSERTION), 'C')
    assert verdicts(base, ended(*again), 'C') == {}
    worked = ended(ask('SET lock'), ask('LPUSH a'))
    assert 'own-effect-refused' in verdicts(worked, ended(*again), 'C')     # the work is skipped


def test_silent_success():
    base = ended(ask('SET a'))
    assert verdicts(base, ended(ask('SET a', fault='noperm')), 'B') == {'silent-success': 'FAIL'}
    assert verdicts(base, ended(ask('SET a', fault='readonly')), 'A', 'always') == {'silent-success': 'FAIL'}
    assert verdicts(base, ended(ask('SET a', fault='noperm'), outcome='failed', errors=REFUSED), 'B') == {}
    assert verdicts(ended(ask('GET a')), ended(ask('GET a', fault='noperm')), 'B') == {}
    assert verdicts(ended(ask('GET a')), ended(ask('GET a', fault=HALF)), 'E') == {'silent-success': 'FAIL'}
    assert verdicts(ended(ask('GET a')), ended(ask('GET a', fault=HALF), ask('GET a')), 'E') == {}


def test_lost_write():
    base = ended(ask('SET a'), ask('SET b'))
    assert verdicts(base, ended(ask('SET a', fault='blackout'), ask('SET b')), 'F') == {'lost-write': 'FAIL'}
    assert verdicts(base, ended(ask('SET a', fault='blackout'), ask('SET a'), ask('SET b')), 'F') == {}
    assert verdicts(base, ended(ask('SET a', fault='blackout'), ask('SET b')), 'F', stable=()) == {}
    there = ended(ask('HSET a', code='0'))      # the field is there already: it is written all the same
    assert verdicts(there, ended(ask('HSET a', fault='blackout')), 'F') == {'lost-write': 'FAIL'}
    assert verdicts(there, ended(ask('HSET a', fault='blackout'), ask('HSET a', code='0')), 'F') == {}


def test_wrong_error():
    base = ended(ask('GET a'))

    def failed(category, errors, mode='once', fault='noperm'):
        return verdicts(base, ended(ask('GET a', fault=fault), outcome='failed', errors=errors), category, mode)
    assert failed('B', ASSERTION) == {'wrong-error': 'FAIL'}
    assert failed('B', [['builtins.TypeError', 'builtins.Exception']]) == {'wrong-error': 'FAIL'}
    assert failed('B', REFUSED) == failed('B', RESET) == failed('B', ()) == {}
    assert failed('A', ASSERTION, fault='loading') == {'wrong-error': 'WARN'}
    assert failed('D', ASSERTION, fault='hang') == {}


@pytest.mark.parametrize('count, expected', [(20, set()), (21, {'retry-storm'}), (90, {'retry-storm'})])
def test_retry_storm(count, expected):
    attempts = [ask('GET a', fault='loading', at=1 + number ** 1.5) for number in range(count)]
    seen = ended(*attempts, outcome='failed', errors=REFUSED)
    assert set(verdicts(ended(ask('GET a')), seen, 'A', 'always')) == expected


def test_retried_final():
    base = ended(ask('SET a'))
    seen = ended(ask('SET a', fault='noperm'), ask('SET a'))
    assert verdicts(base, seen, 'B') == {'retried-final': 'FAIL'}
    assert verdicts(base, seen, 'B', stable=()) == {}


def test_not_tolerated():
    base = ended(ask('GET a'))
    seen = ended(ask('GET a', fault='loading'), outcome='failed', errors=REFUSED)
    assert verdicts(base, seen, 'A') == {'not-tolerated': 'WARN'}
    about = known()
    found = judge(point(base, 'A'), base, seen, about, (), must_tolerate=True)
    assert [one.level for one in found] == ['FAIL']


def test_no_backoff():
    def attempts(*times):
        return ended(*(ask('GET a', fault='loading', at=at) for at in times), outcome='failed', errors=REFUSED)
    base = ended(ask('GET a'))
    assert verdicts(base, attempts(1, 1.001, 1.002), 'A', 'always') == {'no-backoff': 'WARN'}
    assert verdicts(base, attempts(1, 1.1, 1.3), 'A', 'always') == {}
    assert verdicts(base, attempts(1, 1.5, 2.0, 2.5, 3.0), 'A', 'always') == {'no-backoff': 'WARN'}
    assert verdicts(base, attempts(1, 1.001), 'A', 'always') == {}


def test_dead_connection():
    base = ended(ask('SET a'), ask('SET b'))
    seen = ask('SET a', fault='readonly', session=1), ask('SET a', fault='readonly', session=1)
    other = ask('SET a', fault='readonly', session=1), ask('SET a', fault='readonly', session=2)
    assert 'dead-connection' in verdicts(base, ended(*seen, outcome='failed', errors=REFUSED), 'A', 'always')
    assert verdicts(base, ended(*other, outcome='failed', errors=REFUSED), 'A', 'always') == {}


def test_hang_crash_and_leak():
    base = ended(ask('GET a'), open=1)
    assert verdicts(base, ended(ask('GET a', fault='hang'), hung=True, outcome='failed'), 'D') == {'hang': 'FAIL'}
    assert verdicts(base, ended(ask('GET a', fault='hang'), signalled=11, outcome='unfinished'), 'D') == {'crash': 'FAIL'}
    assert verdicts(base, ended(ask('GET a', fault='blackout'), ask('GET a'), open=2), 'F') == {'leak': 'WARN'}


def test_retry_after_is_held(monkeypatch):
    monkeypatch.setattr('tests.unit.explore.talk.PROTOCOL', 'http')
    about = Known({'p': Protocol.get('http').effects}, {})
    base = ended(ask('GET /', stage='page'))

    def after(seconds):
        seen = ended(ask('GET /', fault='503', at=1.0, stage='page'), ask('GET /', at=1.0 + seconds, stage='page'))
        return verdicts(base, seen, 'A', about=about, protocol='http')
    assert after(0.2) == {'retry-after-ignored': 'FAIL'}
    assert after(1.1) == {}


def test_every_verdict_has_a_level_and_a_sentence():
    assert all(level in ('FAIL', 'WARN') and 30 < len(text) < 120 for level, text in VERDICTS.values())


def test_the_state_shows_what_was_done_twice_where_no_request_does():
    base = ended(ask('EVAL x'), change={'jobs': 1})
    lost = ask('EVAL x', fault=LOST), ask('EVAL x')
    assert verdicts(base, ended(*lost, change={'jobs': 2}), 'C') == {'double-effect': 'FAIL'}
    assert verdicts(base, ended(*lost, change={'jobs': 1}), 'C') == {'double-effect': 'WARN'}
    assert verdicts(base, ended(*lost, change=None), 'C') == {'double-effect': 'WARN'}
    by_itself = ended(ask('EVAL x'))
    assert verdicts(by_itself, ended(*lost, change={'jobs': 2}), 'C') == {'double-effect': 'WARN'}


def test_the_state_shows_what_is_lost_where_the_test_passes():
    base = ended(ask('GET a'), change={'jobs': 1})
    seen = ask('GET a', fault='noperm')
    assert verdicts(base, ended(seen, change={}), 'B') == {'lost-write': 'FAIL'}
    assert verdicts(base, ended(seen, change={}, outcome='failed', errors=REFUSED), 'B') == {}
    assert verdicts(base, ended(seen, change={'jobs': 1, 'errors': 1}), 'B') == {}


def test_a_program_that_ends_while_it_is_asked_has_crashed():
    base, seen = ended(ask('GET a')), ask('GET a', fault='noperm')
    assert 'crash' in verdicts(base, ended(seen, died=3), 'B')
    assert 'crash' in verdicts(base, ended(seen, signalled=6), 'B')
    assert verdicts(ended(ask('GET a'), died=0), ended(seen, died=0), 'B') == {}    # it ends by itself


@pytest.mark.parametrize('name, again, expected', [
    ('POST /pay', ask('POST /pay', stage='page for a key', key='2'), {'double-effect': 'FAIL'}),
    ('POST /pay', ask('POST /pay', stage='page for a key', key='1'), {}),
    ('PUT /pay', ask('PUT /pay', stage='page for a key', key='2'), {}),
    ('POST /pay', ask('POST /pay', stage='page for a key', key='2', digest='other'), {}),
    ('POST /pay', ask('POST /pay', stage='page for a key', key='2', answer='503'), {}),
], ids=['another key', 'the same key', 'may be done twice', 'something else', 'refused'])
def test_a_key_that_is_another_one_each_time_keeps_nothing_from_being_done_twice(name, again, expected):
    about = Known({'p': Protocol.get('http').effects}, {})
    base = ended(ask(name, stage='page for a key', key='0'))
    seen = ended(ask(name, stage='page for a key', key='1', fault=LOST), again)
    assert verdicts(base, seen, 'C', about=about, protocol='http') == expected


def test_what_takes_away_is_not_lost_where_it_is_not_done():
    assert verdicts(ended(ask('BLPOP a')), ended(ask('BLPOP a', fault='blackout')), 'F') == {}
    assert verdicts(ended(ask('LMOVE a')), ended(ask('LMOVE a', fault='noperm')), 'B') == {}
    twice = ended(ask('BLPOP a', fault=LOST), ask('BLPOP a'))
    assert 'double-effect' in verdicts(ended(ask('BLPOP a')), twice, 'C')


EXPIRED, ALERT, HANGS = 'expired-certificate', 'alert-internal-error', 'handshake-hang'


@pytest.mark.parametrize('category, kind, seen, more, expected', [
    # it is taken for a good one; it is refused, and the program gives up, tries again, or goes on with what it has not got
    ('B', EXPIRED, [greet(fault=EXPIRED), ask('GET a')], {}, {'silent-success': 'WARN'}),
    ('B', EXPIRED, [greet(fault=EXPIRED, answer='')], {'outcome': 'failed', 'errors': REFUSED}, {}),
    ('B', EXPIRED, [greet(fault=EXPIRED, answer=''), greet(), ask('GET a')], {}, {'retried-final': 'WARN'}),
    ('B', EXPIRED, [greet(fault=EXPIRED, answer='')], {'outcome': 'failed', 'errors': ASSERTION}, {'wrong-error': 'FAIL'}),
    ('B', EXPIRED, [greet(fault=EXPIRED, answer='')], {'outcome': 'failed', 'died': 1}, {'crash': 'FAIL'}),
    ('A', ALERT, [greet(fault=ALERT, answer='')], {'outcome': 'failed', 'errors': REFUSED}, {'not-tolerated': 'WARN'}),
    ('A', ALERT, [greet(fault=ALERT, answer=''), greet(), ask('GET a')], {}, {}),
    ('D', HANGS, [greet(fault=HANGS, answer='')], {'outcome': 'failed', 'hung': True}, {'hang': 'FAIL'}),
    ('D', HANGS, [greet(), ask('GET a')], {}, None),
])
def test_handshakes_are_judged_as_requests_are(category, kind, seen, more, expected):
    base, about = ended(greet(), ask('GET a')), known()
    points = points_of(places(base, about)[0], 'redis', handshake=OWN)
    one, = (one for one in points if (one.category, one.mode) == (category, 'once'))
    assert one.kinds == (kind,)
    found = judge(one, base, ended(*seen, **more), about, {about.site(exchange) for exchange in base.exchanges})
    assert (None if found is None else {verdict.name: verdict.level for verdict in found}) == expected
