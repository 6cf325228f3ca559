"""The pytest plugin, in runs of pytest of its own: what tests get from it, and what its users see."""
import os
import re
import signal
import textwrap

import pytest

from tests.support.daemon import ROOT
from tests.support.peers import echo_server

pytest_plugins = ['pytester']

#: a test that meets a fault, and says by its name whether it passes
MEETS = '''
    import urllib.error, urllib.request

    def met(vaurien, **options):
        proxy = vaurien.proxy(backend='embedded', protocol='http', **options)
        codes = []
        for _ in range(16):
            try:
                codes.append(urllib.request.urlopen(f'http://{proxy.address}/').status)
            except urllib.error.HTTPError as error:
                codes.append(error.code)
                error.close()
        return codes

    HALF = {'mix': '50:error', 'settings': {'error': {'kind': '503'}}}
'''


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest in a folder of its own, with this plugin as if it was installed and no other one."""
    monkeypatch.setenv('PYTEST_DISABLE_PLUGIN_AUTOLOAD', '1')
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    monkeypatch.delenv('VAURIEN_CONTROL', raising=False)

    def run(*arguments):
        return pytester.runpytest_subprocess('-p', 'vaurien.pytest_plugin', '-p', 'no:cacheprovider', *arguments)
    return run


def test_a_proxy_is_there_for_the_test_and_removed_after_it(pytester, run):
    with echo_server() as backend:
        pytester.makepyfile(f'''
            import socket, pytest
            seen = []

            def test_one(vaurien):
                proxy = vaurien.proxy(backend='{backend.address}')
                seen.append(proxy)
                with socket.create_connection((proxy.host, proxy.port), 10) as client:
                    client.sendall(b'hello')
                    assert client.recv(5) == b'hello'
                with proxy.behavior('blackout'), socket.create_connection((proxy.host, proxy.port), 10) as client:
                    client.sendall(b'hello')
                    assert client.recv(5) == b''
                assert [fault.behavior for fault in proxy.faults] == ['blackout']

            def test_two(vaurien):
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection((seen[0].host, seen[0].port), 10)
                assert vaurien.proxy(backend='{backend.address}').client is seen[0].client      # one daemon for all

            def test_a_test_may_have_several_and_remove_them_itself(vaurien):
                one, two = vaurien.proxy(backend='{backend.address}'), vaurien.proxy(backend='{backend.address}')
                assert [one.name, two.name] == [f'test-a-test-may-have-several-and-remove-them-itself.{{n}}' for n in (1, 2)]
                two.remove()
        ''')
        run().assert_outcomes(passed=3)


def test_the_seed_is_told_and_repeats_the_faults(pytester, run):
    pytester.makepyfile(MEETS + '''
    def test_faults(vaurien):
        print('met', vaurien.seed, met(vaurien, **HALF))
    ''')
    first = run('-s')
    first.assert_outcomes(passed=1)
    seed = re.search(r'^vaurien: --vaurien-seed (\d+)$', first.stdout.str(), re.MULTILINE)[1]
    line = re.search(r'met .*\]', first.stdout.str())[0]
    assert line.startswith(f'met {seed} [')
    again = run('-s', '--vaurien-seed', seed)
    assert line in again.stdout.str()
    assert f'vaurien: --vaurien-seed {seed}' in again.stdout.str()


def test_faults_do_not_depend_on_what_else_runs(pytester, run):
    pytester.makepyfile(MEETS + '''
    def test_before(vaurien):
        met(vaurien, **HALF)

    def test_faults(vaurien):
        print('met', met(vaurien, **HALF))
    ''')
    both, alone = run('-s', '--vaurien-seed', '3'), run('-s', '--vaurien-seed', '3', '-k', 'test_faults')
    lines = [re.search(r'met .*\]', result.stdout.str())[0] for result in (both, alone)]
    assert lines[0] == lines[1]
    assert '503' in lines[0]
    assert '200' in lines[0]


def test_no_seed_is_told_where_no_test_uses_vaurien(pytester, run):
    pytester.makepyfile('def test_other(): pass')
    for how in ([], ['-p', 'xdist.plugin', '-n', '1'], ['-q']):
        result = run(*how)
        result.assert_outcomes(passed=1)
        result.stdout.no_fnmatch_line('*vaurien-seed*')


@pytest.mark.parametrize('text', ['-1', 'x', '1.5', '٣'])
def test_a_seed_that_is_none_is_a_usage_error(run, text):
    result = run(f'--vaurien-seed={text}')
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(['*--vaurien-seed: invalid integer of at least 0 value:*'])


def test_a_failure_shows_the_faults_that_the_test_met(pytester, run):
    pytester.makepyfile(MEETS + '''
    def test_passes(vaurien):
        assert set(met(vaurien, mix='error', settings={'error': {'kind': '500'}})) == {500}

    def test_fails(vaurien):
        proxy = vaurien.proxy(backend='embedded')
        assert met(vaurien, mix='error', settings={'error': {'kind': '503'}}) == [200]
    ''')
    result = run('--vaurien-seed', '9')
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([
        '*- vaurien -*',
        'test-fails.1 at 127.0.0.1:*: faults met: 0',
        'test-fails.2 at 127.0.0.1:*: faults met: 16',
        "  session 1, exchange 1: error (503) 'GET /'",
        'repeat with --vaurien-seed 9',
        '*- vaurien log -*',
        '*INFO vaurien.proxies.fleet: test-fails.2 listens on *',
    ])
    assert 'test-passes' not in result.stdout.str()


def test_a_failure_without_the_fixture_shows_nothing(pytester, run):
    pytester.makepyfile('def test_fails(): assert 0')
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line('*- vaurien*')


def test_a_daemon_that_does_not_start_is_one_clear_error(pytester, run):
    pytester.makeini('[pytest]\nvaurien_plugins = no_such_module')
    pytester.makepyfile('def test_it(vaurien): pass')
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*vaurien: --plugin: 'no_such_module' is not valid*"])


def test_a_daemon_that_was_killed_is_told_of_where_it_is_missed(pytester, run):
    pytester.makepyfile('''
        import os, signal

        def test_fails(vaurien):
            proxy = vaurien.proxy(backend='embedded')
            os.kill(vaurien._daemon.process.pid, signal.SIGKILL)
            proxy.mix('delay')
    ''')
    result = run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(['*no vaurien answers at http://127.0.0.1:*'])
    result.stdout.fnmatch_lines(['*vaurien has not ended as it should: status -9*'])


def test_plugins_named_in_the_settings_are_there(pytester, run):
    pytester.makepyfile(chaos_of_ours='''
        from vaurien.behaviors import Behavior
        from vaurien.behaviors.dummy import Dummy
        class Ours(Dummy):
            name = 'ours'
        Behavior.register(Ours)
    ''')
    pytester.makeini('[pytest]\nvaurien_plugins = chaos_of_ours\npythonpath = .')
    pytester.makepyfile('''
        def test_it(vaurien):
            vaurien.proxy(backend='embedded').behavior('ours')
    ''')
    run().assert_outcomes(passed=1)


def test_nothing_is_imported_before_a_test_asks_for_it(pytester, run):
    pytester.makepyfile('''
        import sys
        HEAVY = {'gevent', 'falcon', 'msgspec', 'http.client', 'vaurien.client', 'vaurien.testing'}

        def test_before():
            assert not HEAVY & set(sys.modules)
            assert {name for name in sys.modules if name.startswith('vaurien')} == {'vaurien', 'vaurien.pytest_plugin'}

        def test_with_it(vaurien):
            assert HEAVY & set(sys.modules) == {'http.client', 'vaurien.client', 'vaurien.testing'}
    ''')
    run('-p', 'no:legacypath').assert_outcomes(passed=2)


def test_workers_of_xdist_have_a_daemon_each_and_one_seed(pytester, run):
    pytest.importorskip('xdist')
    pytester.makepyfile(MEETS + '''
    import os, pathlib, time

    def test_one(vaurien):
        note(vaurien)

    def test_two(vaurien):
        note(vaurien)

    def note(vaurien):
        here = pathlib.Path(__file__).parent
        (here / os.environ['PYTEST_XDIST_WORKER']).write_text(f'{vaurien.seed} {vaurien._daemon.process.pid}')
        met(vaurien)
        while len(list(here.glob('gw*'))) < 2:      # so that each worker has one of the two
            time.sleep(0.01)
    ''')
    result = run('-p', 'xdist.plugin', '-n', '2')
    result.assert_outcomes(passed=2)
    notes = [(pytester.path / name).read_text().split() for name in ('gw0', 'gw1')]
    assert notes[0][0] == notes[1][0]
    assert notes[0][1] != notes[1][1]
    result.stdout.fnmatch_lines([f'vaurien: --vaurien-seed {notes[0][0]}'])
    for _, pid in notes:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), signal.SIG_DFL)


def test_the_fixture_is_listed_with_its_docstring(run):
    run('--fixtures').stdout.fnmatch_lines(['vaurien -- *', '    Chaos proxies for this test: *'])


# -- faults that were asked for and never applied

ASKS = '''
    import urllib.request, warnings
    import pytest

    def get(proxy, path='/'):
        return urllib.request.urlopen(f'http://{proxy.address}{path}').status
'''


def test_a_fault_that_never_was_applied_fails_the_test_and_says_why(pytester, run):
    pytester.makepyfile(ASKS + '''
    def test_block(vaurien):
        proxy = vaurien.proxy(backend='embedded', protocol='http')
        with proxy.behavior('error', kind='503', match='POST /order'):
            assert get(proxy) == 200

    def test_made_with(vaurien):
        vaurien.proxy(backend='embedded', protocol='http', mix='delay')

    def test_without_a_block(vaurien):
        vaurien.proxy(backend='embedded', protocol='http').mix('error', error={'kind': '503'})
    ''')
    result = run()
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines([
        "E *UnusedFaultError: error (kind='503', match='POST /order') of test-block.1 was asked for and never applied: "
        "match='POST /order' is found in none of 1 request; such as 'GET /' (unused_ok=True lets that pass)",
        'delay of test-made-with.1 was asked for and never applied: no request came*',
        "error (kind='503') of test-without-a-block.1 was asked for and never applied: no request came*"])
    result.stdout.no_fnmatch_line('*During handling*')


def test_a_fault_that_need_not_be_applied_says_so(pytester, run):
    pytester.makepyfile(ASKS + '''
    def test_it(vaurien):
        vaurien.proxy(backend='embedded', protocol='http', mix='delay', unused_ok=True).behavior('hang')
        proxy = vaurien.proxy(backend='embedded', protocol='http', mix='dummy')
        with proxy.behavior('error', kind='503', unused_ok=True), proxy.mix('hang', unused_ok=True):
            pass
        proxy.client.change(proxy.name, mix='hang')
        with proxy.behavior('hang', percent=0), proxy.mix('20:hang,10:error'):
            pass
    ''')
    run('-W', 'error').assert_outcomes(passed=1)


def test_nothing_is_said_over_another_exception(pytester, run):
    pytester.makepyfile(ASKS + '''
    def test_it(vaurien):
        with vaurien.proxy(backend='embedded', protocol='http', mix='delay').behavior('error'):
            raise KeyError('this one')
    ''')
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *KeyError: 'this one'"])
    result.stdout.no_fnmatch_line('*never applied*')


def test_a_fault_that_was_likely_to_be_applied_is_warned_of(pytester, run):
    pytester.makepyfile(ASKS + '''
    def test_it(vaurien):
        proxy = vaurien.proxy(backend='embedded', protocol='http', mix='99:error',
                              settings={'error': {'kind': '503', 'match': 'POST'}})
        assert {get(proxy) for _ in range(10)} == {200}
    ''')
    result = run()
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*UnusedFaultWarning: error (kind='503', match='POST') of test-it.1 was asked for and never*"])


MISTAKES = {
    "proxy().behavior('error', knd='readonly')": "knd='readonly' is not valid, expected one of the options *; did you mean kind?",
    "proxy().behavior('error', kind='redonly')": "kind='redonly' is not valid, expected readonly, * kinds of redis: ask, *",
    "proxy().mix('20:delay', delay={'slep': 2})": "delay['slep']=2 is not valid, expected *; did you mean sleep?",
    "proxy().toxic('latecy')": "the 'latecy' toxic does not exist, known: *; did you mean latency?",
    "proxy().toxic('latency', toxicity=2)": 'toxicity= is not valid, expected *',
    "proxy().fault('GET', kind='redonly')": "kind='redonly' is not valid, expected * readonly",
    'proxy(mixx=1)': 'mixx= is not known; did you mean mix=?',
    "proxy().client.show('nope')": "the 'nope' proxy does not exist, known: *",
    "running('unix:/nope', 'rdis').__enter__()": "the 'rdis' protocol does not exist, known: *; did you mean redis?",
    "Client('127.0.0.1', 1).show('x')": 'no vaurien answers at http://127.0.0.1:1: *',
}


def test_a_mistake_is_told_in_pythons_words_and_by_the_line_of_the_test_alone(pytester, run):
    tests = ''.join(f"""
        def test_{number}(vaurien):
            def proxy(**options):
                return vaurien.proxy('unix:/nope', 'redis', **options)
            {call}
        """ for number, call in enumerate(MISTAKES))
    imports = 'from vaurien.client import Client\nfrom vaurien.testing import running\n'
    path = pytester.makepyfile(imports + textwrap.dedent(tests))
    found = re.split(r'^_+ test_\d+ _+$', run('--tb=short', '-q').stdout.str(), flags=re.MULTILINE)[1:]
    assert len(found) == len(MISTAKES)
    for (call, words), shown in zip(MISTAKES.items(), found, strict=True):
        said = next(line for line in shown.splitlines() if line.startswith('E '))
        expected = '.*'.join(map(re.escape, words.split('*')))
        assert re.fullmatch(rf'E +vaurien\.\S+Error: {expected}', said), call
        places = set(re.findall(r'^(\S+\.py):\d+: in', shown, flags=re.MULTILINE))
        assert places == {path.name}, call


# -- the mark

def test_a_mark_holds_while_its_test_runs_and_not_in_its_fixtures(pytester, run):
    pytester.makepyfile('''
    import urllib.error, urllib.request
    import pytest

    def get(proxy):
        try:
            return urllib.request.urlopen(f'http://{proxy.address}/').status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    removed = []

    @pytest.fixture
    def proxy(vaurien):
        proxy = vaurien.proxy(backend='embedded', protocol='http')
        assert get(proxy) == 200
        yield proxy
        if proxy in removed:
            return
        assert get(proxy) == 200
        assert not proxy.client.toxics(proxy.name)

    @pytest.mark.vaurien(behavior='error', kind='503')
    def test_behavior(proxy):
        assert get(proxy) == 503

    @pytest.mark.vaurien(mix='100:error', error={'kind': '500'})
    def test_mix(proxy):
        assert get(proxy) == 500

    @pytest.mark.vaurien('GET / #2 = 503', {'request': 'GET /', 'nth': 3, 'name': '500'})
    def test_entries(proxy):
        assert [get(proxy) for _ in range(4)] == [200, 503, 500, 200]

    @pytest.mark.vaurien(fault='GET /', nth=2, kind='503')
    def test_fault(proxy):
        assert [get(proxy) for _ in range(3)] == [200, 503, 200]

    @pytest.mark.vaurien(fault='GET /', behavior='delay', sleep=0.01)
    def test_fault_by_behavior(proxy):
        assert [get(proxy), get(proxy)] == [200, 200]
        assert [fault.behavior for fault in proxy.faults] == ['delay']

    @pytest.mark.vaurien(toxic='latency', latency=30)
    @pytest.mark.vaurien(link='wifi')
    def test_wire(proxy):
        assert 'latency_downstream' in {toxic['name'] for toxic in proxy.client.toxics(proxy.name)}
        assert len(proxy.client.toxics(proxy.name)) > 1
        assert get(proxy) == 200

    @pytest.mark.vaurien(stop_accepting=True)
    def test_accepting(proxy):
        with pytest.raises(OSError):
            get(proxy)

    @pytest.mark.vaurien(down=True)
    def test_down(proxy):
        with pytest.raises(OSError):
            get(proxy)

    @pytest.mark.vaurien(behavior='error', kind='503', proxy=2)
    def test_second_proxy(proxy, vaurien):
        other = vaurien.proxy(backend='embedded', protocol='http')
        assert [get(proxy), get(other)] == [200, 503]

    @pytest.mark.vaurien(behavior='error', kind='503')
    class TestClass:
        def test_outer(self, proxy):
            assert get(proxy) == 503

        @pytest.mark.vaurien(behavior='error', kind='500')
        @pytest.mark.parametrize('number', [1, 2])
        def test_inner(self, proxy, number):
            assert get(proxy) == 500

    @pytest.mark.vaurien(behavior='hang', unused_ok=True)
    def test_unused(proxy):
        proxy.remove()
        removed.append(proxy)
    ''')
    run('--strict-markers', '-W', 'error').assert_outcomes(passed=13)


#: what a mark is given, and the line that the test fails with
MARKS_THAT_CANNOT_HOLD = [
    ('', 'it takes entries of a plan or one of *behavior*, not none of them'),
    ("behavior='hang', mix='20:delay'", 'it takes entries of a plan or one of *, not behavior and mix'),
    ("'GET / = 503', link='wifi'", 'it takes entries of a plan or one of *, not plan and link'),
    ('3', "entry of a plan: 3 is not valid, expected a text such as 'GET / #2 = 503', or a mapping of its fields"),
    ("'GET /'", '*GET /*'),
    ("behavior='hung'", '*hung*hang*'),
    ("behavior='error', kind='readonly'", '*readonly*'),
    ("behavior='delay', slep=1", '*slep*'),
    ("fault='GET /'", 'a fault has one of kind, behavior, toxic, not none'),
    ("fault='GET /', kind='503', nht=2", '*nht*'),
    ("toxic='latency', latncy=2", '*latncy*'),
    ("link='5g'", "link: '5g' is not valid, expected one of *"),
    ("link='wifi', percent=3", "link: got an unexpected keyword argument 'percent'"),
    ('down=False', 'down: False is not valid, expected True'),
    ('mix=3', 'mix: 3 is not valid, expected a text'),
    ("behavior='hang', proxy='x'",
     "proxy: 'x' is not valid, expected the number of a proxy of the test, from 1; 0 for all of them"),
    ("behavior='hang', proxy=2", 'behavior is about proxy 2 of the test, which has made 1'),
]


def test_a_mark_that_cannot_hold_fails_the_test_with_one_line(pytester, run):
    pytester.makepyfile('import pytest\n' + '\n'.join(textwrap.dedent(f'''
        @pytest.mark.vaurien({arguments})
        def test_{number}(vaurien):
            vaurien.proxy(backend='embedded', protocol='http')
    ''') for number, (arguments, _) in enumerate(MARKS_THAT_CANNOT_HOLD)))
    result = run('--tb=short', '-p', 'no:randomly')
    result.assert_outcomes(failed=len(MARKS_THAT_CANNOT_HOLD))
    result.stdout.fnmatch_lines([f'@pytest.mark.vaurien: {said}' for _, said in MARKS_THAT_CANNOT_HOLD])
    result.stdout.no_fnmatch_line('*Error: *')


def test_a_mark_is_for_tests_that_use_the_fixture_and_make_a_proxy(pytester, run):
    pytester.makepyfile('''
        import pytest

        @pytest.mark.vaurien(behavior='hang')
        def test_without(): pass

        @pytest.mark.vaurien(behavior='hang')
        def test_none(vaurien): pass

        @pytest.mark.vaurien(behavior='error', kind='503')
        def test_unused(vaurien): vaurien.proxy(backend='embedded', protocol='http')
    ''')
    result = run()
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(['@pytest.mark.vaurien: the test does not use the fixture vaurien',
                                 '@pytest.mark.vaurien: behavior is about proxy 1 of the test, which has made none',
                                 "error (kind='503') of test-unused.1 was asked for and never applied: no request came*"])


def test_a_failure_of_a_marked_test_shows_its_faults(pytester, run):
    pytester.makepyfile(ASKS + '''
    import pytest

    @pytest.mark.vaurien('GET / #2 = 503')
    def test_it(vaurien):
        proxy = vaurien.proxy(backend='embedded', protocol='http')
        assert [get(proxy), get(proxy)] == [200, 200]
    ''')
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['test-it.1 at 127.0.0.1:*: faults met: 1'])
