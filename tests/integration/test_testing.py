"""vaurien from within tests: proxies for the length of a block, in a process that never outlives ours."""
import asyncio
import contextlib
import re
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import requests

import vaurien
from tests.support.daemon import ROOT, unmeasured
from tests.support.peers import ask, connect, ending
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.errors import UnusedFaultError
from vaurien.testing import Daemon


@pytest.fixture(scope='module')
def daemon():
    with contextlib.closing(Daemon(seed=7)) as found:
        yield found


@pytest.fixture
def proxy(daemon, echo_server):
    made = daemon.create('echo', echo_server.address)
    yield made
    made.remove()


@pytest.fixture
def web(daemon):
    """A proxy in front of a small HTTP server."""
    made = daemon.create('web', 'embedded', 'http')
    yield made
    made.remove()


def status(proxy, path='/'):
    return requests.get(f'http://{proxy.address}{path}', timeout=PATIENCE).status_code


# -- the example, as users read it

def example(path):
    """Return the code of a page that shows how a test uses vaurien."""
    blocks = re.findall(r'(?:^    .*\n|^\n)+', path.read_text(encoding='utf-8'), re.MULTILINE)
    return next(textwrap.dedent(block) for block in blocks if 'vaurien.running(' in block)


def test_the_example_of_the_readme_runs_as_it_stands(redis_server):
    code = example(ROOT / 'README.rst').replace('localhost:6379', redis_server.address)
    names = {}
    exec(compile(code, 'README.rst', 'exec'), names)
    assert names['proxy'].seed == 7


# -- chaos for the length of a block

def test_a_behavior_holds_for_its_block(web):
    with web.behavior('error', kind='503') as inside:
        assert inside is web
        assert status(web) == 503
    assert status(web) == 200


def test_a_behavior_ends_with_its_block_also_after_an_exception(web):
    with pytest.raises(KeyError), web.behavior('error', kind='503'):
        raise KeyError
    assert status(web) == 200


def test_a_behavior_without_a_block_stays(web):
    web.behavior('error', kind='503')
    assert [status(web), status(web)] == [503, 503]


def test_blocks_within_blocks_bring_back_what_was_around_them(web):
    with web.mix('100:error', error={'kind': '503'}):
        with web.behavior('error', kind='500'):
            assert status(web) == 500
        assert status(web) == 503
    assert status(web) == 200


def test_a_request_that_does_not_match_is_left_alone(web):
    with web.behavior('error', kind='503', match='^GET /fail'):
        assert [status(web, '/fail'), status(web, '/')] == [503, 200]
    assert [(fault.request, fault.behavior, fault.kind, fault.proxy) for fault in web.faults] == \
        [('GET /fail', 'error', '503', 'web')]


def test_a_percentage_of_the_exchanges_meets_a_behavior(web):
    with web.behavior('error', percent=0, kind='503'):
        assert status(web) == 200


def test_the_same_seed_meets_the_same_faults():
    def met():
        with vaurien.running(backend='embedded', protocol='http', seed=11, mix='50:error',
                             settings={'error': {'kind': '503'}}) as proxy:
            return [status(proxy) for _ in range(12)]
    first = met()
    assert set(first) == {200, 503}
    assert met() == first


@pytest.mark.parametrize('change', [
    lambda proxy: proxy.behavior('eror'), lambda proxy: proxy.behavior('delay', slep=1),
    lambda proxy: proxy.behavior('delay', sleep='long'), lambda proxy: proxy.mix('120:delay'),
    lambda proxy: proxy.behavior('error', kind='readonly'),
], ids=['name', 'option', 'value', 'mix', 'kind of another protocol'])
def test_what_does_not_fit_is_a_value_error_and_changes_nothing(web, change):
    web.mix('error', error={'kind': '503'})
    with pytest.raises(ValueError, match='valid|does not exist'):
        change(web)
    assert status(web) == 503


def test_a_proxy_that_is_down_refuses_and_comes_back_where_it_was(proxy):
    before = connect(proxy.port)
    with before:
        assert ask(before, b'hello') == b'hello'
        with proxy.down():
            assert ending(before) == 'RST'
            with pytest.raises(ConnectionRefusedError):
                connect(proxy.port)
    with connect(proxy.port) as after:
        assert ask(after, b'hello') == b'hello'


def test_reset_brings_back_what_it_was_made_as(daemon):
    proxy = daemon.create('made', 'embedded', 'http', mix='error', settings={'error': {'kind': '503', 'warmup': 1}})
    assert [status(proxy), status(proxy)] == [200, 503]
    proxy.behavior('dummy')
    assert status(proxy) == 200
    assert len(proxy.faults) == 1
    proxy.reset()
    assert proxy.faults == []
    assert [status(proxy), status(proxy)] == [200, 503]
    proxy.down()
    proxy.reset()
    assert [status(proxy), status(proxy)] == [200, 503]
    proxy.remove()


# -- sessions

def test_sessions_are_listed_waited_for_and_killed(proxy):
    assert proxy.sessions == []
    with connect(proxy.port) as one, connect(proxy.port) as two:
        assert ask(one, b'hello') == b'hello'
        assert [session.number for session in proxy.wait_for_sessions(2)] == [1, 2]
        session = proxy.sessions[0]
        assert session.client == '{}:{}'.format(*one.getsockname())
        assert (session.from_client, session.from_backend, session.exchanges) == (5, 5, 1)
        proxy.kill_sessions()
        assert [ending(one), ending(two)] == ['RST', 'RST']
        assert proxy.wait_for_sessions(0) == []


def test_waiting_for_sessions_ends_with_how_many_there_are(proxy):
    with connect(proxy.port) as client:
        assert ask(client, b'hello') == b'hello'
        with pytest.raises(TimeoutError, match='^echo has 1 sessions, not 2, after '):
            proxy.wait_for_sessions(2, timeout=30 * MS)


def test_waiting_for_sessions_ends_when_another_thread_has_opened_them(proxy):
    with ThreadPoolExecutor(1) as pool, contextlib.ExitStack() as stack:
        waiting = pool.submit(proxy.wait_for_sessions, 2, PATIENCE)
        for _ in range(2):
            stack.enter_context(connect(proxy.port))
        assert len(waiting.result(PATIENCE)) == 2


def test_no_new_sessions_are_accepted_and_the_open_ones_live_on(proxy):
    with connect(proxy.port) as client:
        assert ask(client, b'hello') == b'hello'
        with proxy.stop_accepting(), proxy.stop_accepting():
            with pytest.raises(ConnectionRefusedError):
                connect(proxy.port)
            assert ask(client, b'again') == b'again'
        connect(proxy.port).close()
        proxy.stop_accepting()
        proxy.reset()
        connect(proxy.port).close()


def test_connections_are_waited_for_until_there_are_enough(proxy):
    with connect(proxy.port) as one, connect(proxy.port) as two:
        for client in (one, two):
            assert ask(client, b'hello') == b'hello'
        assert [session.number for session in proxy.wait_for_connections()] == [1, 2]
        assert len(proxy.wait_for_connections(2, timeout=PATIENCE)) == 2
        with pytest.raises(TimeoutError, match='^echo has 2 sessions, not 3 or more, after '):
            proxy.wait_for_connections(3, timeout=30 * MS)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(proxy.wait_for_connections, 3, PATIENCE)
            with connect(proxy.port):
                assert len(waiting.result(PATIENCE)) == 3


def test_faults_are_waited_for_until_there_are_enough(web):
    with pytest.raises(TimeoutError, match='^web has applied 0 faults, not 1 or more, after 0 s'):
        web.wait_applied(timeout=0)
    with web.behavior('error', kind='503'), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(web.wait_applied, 2, PATIENCE)
        assert [status(web), status(web)] == [503, 503]
        assert [fault.kind for fault in waiting.result(PATIENCE)] == ['503', '503']


# -- beside asyncio and threads

def test_nothing_of_the_event_loop_enters_the_process_of_an_asyncio_test():
    code = '''
        import asyncio, signal, sys, threading
        import httpx, vaurien

        async def main():
            with vaurien.running(backend='embedded', protocol='http') as proxy:
                async with httpx.AsyncClient(base_url=f'http://{proxy.address}', timeout=None) as client:
                    assert (await client.get('/')).status_code == 200
                    with proxy.behavior('error', kind='503'):
                        answers = await asyncio.gather(*(client.get('/') for _ in range(20)))
                    assert {answer.status_code for answer in answers} == {503}
                assert len(proxy.faults) == 20
                assert threading.active_count() == 1
            assert signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL
        asyncio.run(main())
        foreign = {'gevent', 'greenlet', 'msgspec', 'falcon'} & set(sys.modules)
        assert not foreign, foreign
    '''
    done = subprocess.run([sys.executable, '-W', 'error', '-c', textwrap.dedent(code)], env=unmeasured(), capture_output=True,
                          text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr


def test_a_delay_holds_back_no_other_task(web):
    async def both():
        async with httpx.AsyncClient(base_url=f'http://{web.address}', timeout=PATIENCE) as client:
            late = asyncio.create_task(client.get('/status/200'))
            while not web.faults:
                await asyncio.sleep(5 * MS)
            first = await client.get('/')
            return first.status_code, late.done(), (await late).status_code
    with web.behavior('delay', sleep=500 * MS, match='^GET /status'):
        assert asyncio.run(both()) == (200, False, 200)


def test_threads_may_share_a_proxy(web):
    with web.behavior('error', kind='503', match='fail'), ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda n: status(web, '/fail' if n % 2 else '/'), range(40)))
        counts = list(pool.map(lambda _: len(web.faults), range(8)))
    assert codes == [200, 503] * 20
    assert counts == [20] * 8


def test_two_daemons_run_side_by_side(echo_server):
    with vaurien.running(backend=echo_server.address) as one, vaurien.running(backend=echo_server.address) as two:
        assert one.port != two.port
        assert one.seed != two.seed
        with one.down(), connect(two.port) as client:
            assert ask(client, b'hello') == b'hello'


# -- faults that were asked for and never applied

def test_a_run_ends_with_an_error_where_a_fault_that_was_certain_never_was_applied(capsys):
    with pytest.raises(UnusedFaultError, match='^delay of default was asked for and never applied: no request came'), \
            vaurien.running(backend='embedded', protocol='http', mix='delay'):
        pass
    assert 'vaurien, with seed=' in capsys.readouterr().err
    with vaurien.running(backend='embedded', protocol='http', mix='delay', unused_ok=True):
        pass


def test_a_block_puts_back_what_was_there_before_it_complains(web):
    with pytest.raises(UnusedFaultError, match="match='nowhere' is found in none of 1 request; such as 'GET /'"), \
            web.behavior('error', kind='503', match='nowhere'):
        assert status(web) == 200
    assert web.client.show('web')['mix'] == []


def test_a_fault_that_was_applied_before_a_block_within_its_block_was_applied(web):
    with web.behavior('error', kind='503'):
        assert status(web) == 503
        with web.behavior('error', kind='500'):
            assert status(web) == 500


def test_a_fault_that_an_earlier_block_met_does_not_count_for_a_later_one(web):
    with web.behavior('error', kind='503'):
        assert status(web) == 503
    with pytest.raises(UnusedFaultError), web.behavior('error', kind='503'):
        pass


def test_what_a_proxy_met_before_it_was_removed_counts(daemon):
    proxy = daemon.create('removed', 'embedded', 'http', mix='error', settings={'error': {'kind': '503'}})
    unused = daemon.create('removed-unused', 'embedded', 'http', mix='error')
    assert status(proxy) == 503
    for one in (proxy, unused):
        one.remove()
    proxy.check_used()
    with pytest.raises(UnusedFaultError, match='error of removed-unused'):
        unused.check_used()
    unused.check_used()     # said once


def test_a_fault_that_was_planned_and_never_applied_is_an_error_with_the_reason(web):
    with web.fault('GET /', kind='503') as fault:
        assert status(web) == 503
    assert fault.applied == 1
    with pytest.raises(UnusedFaultError, match=r'GET /nowhere.* was asked for and never applied: .'), \
            web.fault('GET /nowhere', kind='503'):
        assert status(web) == 200
    with pytest.raises(UnusedFaultError, match='GET /second'), web.plan('GET / = 503', 'GET /second = 503'):
        assert status(web) == 503
    with web.fault('GET /nowhere', kind='503', unused_ok=True), web.plan('GET /nowhere = 503', unused_ok=True):
        pass
    with pytest.raises(KeyError), web.fault('GET /nowhere', kind='503'):
        raise KeyError
    web.fault('GET /later', kind='503')
    with pytest.raises(UnusedFaultError, match='GET /later'):
        web.check_used()
