"""Every way to ask for a toxic, from the outside: flags, a file, a test, vaurienctl and the API, on sessions that are open."""
import contextlib
import json
import signal
import time

import pytest
import redis
import requests

from tests.support.daemon import daemon as started
from tests.support.daemon import run_to_end
from tests.support.expected_draws import failing
from tests.support.hosting import eventually
from tests.support.peers import ask, connect, ending, free_port
from tests.support.processes import HOST
from tests.support.proxied import between, entry
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.ctl import command as ctl
from vaurien.links import LINKS, make_link

#: [ms] a delay that is seen
LATE = round(50 * MS * 1000)
#: [ms] a delay that nobody waits for: bytes that come nevertheless have been let go
LONG = 3_600_000
SLOW, UP = f'latency:latency={LATE}', f'latency@upstream:latency={LATE}'


def seconds(client):
    """Return how long an echo takes."""
    start = time.monotonic()
    assert ask(client, b'hello') == b'hello'
    return time.monotonic() - start


def late(client, times=1):
    """Return whether an echo takes the delay so many times."""
    return seconds(client) >= times * LATE / 1000


def silent(client):
    """Return whether nothing comes for a while."""
    client.settimeout(50 * MS)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(PATIENCE)
    return False


# -- the command line and the file

@pytest.mark.parametrize('argv, times', [
    ([SLOW], 1), ([UP], 1), ([SLOW, SLOW], 2), ([SLOW, UP], 2),
])
def test_a_flag_delays_each_direction_by_its_toxics(echo_server, argv, times):
    flags = [f'--toxic={text}' for text in argv]
    with started('--backend', echo_server.address, *flags) as running, connect(running.port) as client:
        assert all(late(client, times) for _ in range(3))


def test_a_toxicity_is_the_share_of_the_sessions(echo_server):
    argv = ['--backend', echo_server.address, '--seed', '7', '--toxic', f'timeout~0.5:timeout={LONG}']
    with started(*argv) as running, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(running.port)) for _ in range(8)]
        for client in clients:
            client.sendall(b'hello')
        answered = [not silent(client) for client in clients]
    assert 0 < sum(answered) < 8


def test_a_file_gives_each_proxy_its_toxics(echo_server, tmp_path):
    (tmp_path / 'main.ini').write_text(f"""
[vaurien]
proxy = 127.0.0.1:0
backend = {echo_server.address}

[proxy:cut]
proxy = 127.0.0.1:0
backend = {echo_server.address}
toxic = three
    latency:latency={LATE}

[toxic:slow]
type = latency
latency = {LATE}

[toxic:three]
type = limit_data
bytes = 3
""")
    with started('--config', str(tmp_path / 'main.ini'), proxies=2) as running:
        with connect(running.proxies['default'][1]) as client:
            assert late(client)
        with connect(running.proxies['cut'][1]) as client:
            assert ask(client, b'hello', 3) == b'hel'
            assert ending(client) == 'FIN'


def test_a_file_that_is_read_again_changes_toxics_on_a_session_that_is_open(echo_server, tmp_path):
    file = tmp_path / 'main.ini'
    file.write_text(f'[vaurien]\nproxy = 127.0.0.1:0\nbackend = {echo_server.address}\n')
    with started('--config', str(file)) as running, connect(running.port) as client:
        assert ask(client, b'before') == b'before'
        file.write_text(f'{file.read_text()}toxic = {SLOW}\n')
        running.send(signal.SIGHUP)
        running.wait_for('reloaded: changed default')
        assert late(client)


def test_a_toxic_of_ones_own_may_come_from_a_file(echo_server, tmp_path):
    (tmp_path / 'plugin_loud.py').write_text("""
from vaurien.toxics.base import Toxic


class Loud(Toxic):
    \"\"\"Small letters arrive as capitals.\"\"\"

    name = 'loud'

    def pipe(self, chunks, send):
        for chunk in chunks:
            send(chunk.data.upper())
""")
    (tmp_path / 'main.ini').write_text(f'[vaurien]\nproxy = 127.0.0.1:0\nbackend = {echo_server.address}\n'
                                       '[toxic:shout]\ncallable = plugin_loud:Loud\n')
    with started('--config', 'main.ini', cwd=tmp_path) as running, connect(running.port) as client:
        assert ask(client, b'hello') == b'HELLO'


def test_a_link_is_felt_in_both_directions(echo_server):
    with started('--backend', echo_server.address, '--link', 'dsl') as running, connect(running.port) as client:
        assert seconds(client) >= 2 * LINKS['dsl'].latency / 1000


def test_a_list_of_proxies_is_started_and_steered_where_toxiproxy_is(echo_server, tmp_path):
    (tmp_path / 'proxies.json').write_text(json.dumps([
        {'name': 'on', 'listen': '127.0.0.1:0', 'upstream': echo_server.address},
        {'name': 'off', 'listen': '127.0.0.1:0', 'upstream': echo_server.address, 'enabled': False}]))
    port = free_port()
    argv = ['--toxiproxy', '--http-port', f'{port}', '--populate', str(tmp_path / 'proxies.json')]
    with started('--config', '/dev/null', *argv) as running:
        running.wait_for(f'vaurien: control server on http://127.0.0.1:{port}')
        assert 'vaurien: proxy off disabled, backend' in running.output
        shown = requests.get(f'{running.control}/v1/proxies', timeout=PATIENCE).json()['proxies']
        assert [(proxy['name'], proxy['enabled']) for proxy in shown] == [('on', True), ('off', False)]
        with connect(running.proxies['on'][1]) as client:
            assert ask(client, b'hello') == b'hello'
        requests.patch(f'{running.control}/v1/proxies/off', json={'enabled': True}, timeout=PATIENCE).raise_for_status()


@pytest.mark.parametrize('argv, line', [
    (['--toxic', 'latency:latency=long'], "--toxic latency: 'long' is not valid, expected an integer"),
    (['--toxic', 'latency~2'], "--toxic toxicity: '2' is not valid, expected a number from 0 to 1"),
    (['--toxic', 'latency@up'], "--toxic stream: 'up' is not valid, expected one of downstream, upstream"),
    (['--toxic', 'ltency'], "--toxic: 'ltency' is not valid, expected one of bandwidth, corrupt, latency, limit_data, "),
    (['--link', '9g'], f"--link: '9g' is not valid, expected one of {', '.join(LINKS)}"),
    (['--populate', '/dev/null'], "--populate /dev/null: 'Input data was truncated' is not valid, expected a JSON list"),
])
def test_a_wrong_value_is_one_line_and_status_2(argv, line):
    done = run_to_end(*argv)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith(f'vaurien: {line}')
    assert done.stderr.count('\n') == 1


# -- from a test

@pytest.fixture
def proxy(daemon, echo_server):
    made = daemon.create('toxic', echo_server.address)
    yield made
    made.remove()


@pytest.fixture
def client(proxy):
    with connect(proxy.port) as client:
        assert ask(client, b'before') == b'before'
        yield client


def worn(proxy):
    """Return the names of its toxics."""
    return [toxic['name'] for toxic in proxy.client.toxics(proxy.name)]


def test_a_toxic_holds_for_its_block_on_a_session_that_is_open(proxy, client):
    with proxy.toxic('latency', latency=LATE) as inside:
        assert inside is proxy
        assert late(client)
    assert worn(proxy) == []
    with proxy.toxic('latency', latency=LONG, stream='upstream'):
        client.sendall(b'held')
        assert silent(client)
    assert client.recv(4) == b'held'


def test_a_toxic_without_a_block_stays(proxy, client):
    proxy.toxic('latency', latency=LATE)
    assert [late(client), late(client)] == [True, True]
    proxy.reset()
    assert worn(proxy) == []


def test_a_toxic_ends_with_its_block_also_after_an_exception(proxy):
    with pytest.raises(KeyError), proxy.toxic('noop'):
        raise KeyError
    assert worn(proxy) == []


def test_toxics_within_toxics_have_names_of_their_own_and_add_up(proxy, client):
    with proxy.toxic('latency', latency=LATE), proxy.toxic('latency', latency=LATE):
        assert worn(proxy) == ['latency_downstream', 'latency_downstream_2']
        assert late(client, 2)
        stays = proxy.toxic('noop')
    assert worn(proxy) == ['noop_downstream']
    stays.undo()
    stays.undo()
    assert worn(proxy) == []


def test_a_toxicity_of_0_is_never_active(proxy, client):
    with proxy.toxic('timeout', toxicity=0.0):
        assert ask(client, b'hello') == b'hello'


def test_a_link_holds_for_its_block_and_takes_the_place_of_another_one(proxy, client):
    names = {name: [toxic['name'] for toxic in make_link(name)] for name in LINKS}
    proxy.toxic('noop')
    with proxy.link('dsl'):
        assert seconds(client) >= 2 * LINKS['dsl'].latency / 1000
        with proxy.link('3g'), proxy.toxic('noop'):
            assert worn(proxy) == [*names['3g'], 'noop_downstream', 'noop_downstream_2']
        assert worn(proxy) == [*names['dsl'], 'noop_downstream']
    assert worn(proxy) == ['noop_downstream']


@pytest.mark.parametrize('change', [
    lambda proxy: proxy.toxic('ltency'), lambda proxy: proxy.toxic('latency', latncy=1),
    lambda proxy: proxy.toxic('latency', latency='x'),
    lambda proxy: proxy.toxic('latency', toxicity=2), lambda proxy: proxy.toxic('latency', stream='both'),
    lambda proxy: proxy.link('9g'),
], ids=['type', 'attribute', 'value', 'toxicity', 'stream', 'link'])
def test_what_does_not_fit_a_toxic_is_a_value_error_and_changes_nothing(proxy, change):
    proxy.toxic('noop')
    with pytest.raises(ValueError, match='[Ee]xpected|Invalid|does not exist'):
        change(proxy)
    assert worn(proxy) == ['noop_downstream']


# -- with vaurienctl

@pytest.fixture
def say(daemon, proxy, capsys, monkeypatch):
    """Run a command about the proxy's toxics; returns its status, and what it printed."""
    monkeypatch.setenv('VAURIEN_HTTP_TOKEN', daemon.client.channel.token)

    def run(action, *argv):
        status = ctl.main(['--host', daemon.client.channel.address, 'toxic', action, proxy.name, *argv])
        out, err = capsys.readouterr()
        return status, out + err
    return run


def test_vaurienctl_adds_changes_lists_and_removes_toxics_on_a_session_that_is_open(proxy, client, say):
    assert say('list') == (0, 'NAME  TYPE  STREAM  TOXICITY  ATTRIBUTES\n')
    assert say('add', 'latency', f'latency={LATE}') == (0, 'toxic has the toxic latency_downstream\n')
    assert late(client)
    assert say('update', 'latency_downstream', f'latency={2 * LATE}', '--toxicity', '1', 'jitter=0') == \
        (0, 'toxic has changed the toxic latency_downstream\n')
    assert late(client, 2)
    assert say('add', 'noop', '--name', 'other', '--stream', 'upstream', '--toxicity', '0.25')[0] == 0
    assert say('list')[1].splitlines() == [
        'NAME                TYPE     STREAM      TOXICITY  ATTRIBUTES',
        f'latency_downstream  latency  downstream         1  latency={2 * LATE} jitter=0',
        'other               noop     upstream        0.25']
    assert say('remove', 'latency_downstream') == (0, 'toxic has the toxic latency_downstream no more\n')
    assert worn(proxy) == ['other']


def test_vaurienctl_has_json_of_toxics(proxy, say):
    assert json.loads(say('add', 'timeout', 'timeout=5', '--json')[1]) == \
        {'type': 'timeout', 'name': 'timeout_downstream', 'stream': 'downstream', 'toxicity': 1.0, 'attributes': {'timeout': 5}}
    assert [toxic['name'] for toxic in json.loads(say('list', '--json')[1])['toxics']] == ['timeout_downstream']


@pytest.mark.parametrize('argv, status, words', [
    (['add'], 2, 'toxic add: which toxic is missing'),
    (['remove'], 2, 'toxic remove: which toxic is missing'),
    (['add', 'latency', '--latency', '5'], 2, "'--latency' is no attribute, expected NAME=VALUE"),
    (['add', 'latency', 'latency'], 2, "'latency' is no attribute, expected NAME=VALUE"),
    (['add', 'latency', '--stream', 'both'], 2, 'downstream'),
    (['add', 'latency', '--toxicity', '2'], 2, 'a number from 0 to 1'),
    (['update', 'noop', '--stream', 'upstream'], 2, "toxic update: 'upstream' has no meaning here"),
    (['remove', 'noop', 'a=b'], 2, "toxic remove: ['a=b'] has no meaning here"),
    (['list', 'noop'], 2, "toxic list: 'noop' has no meaning here"),
    (['shift', 'noop'], 2, 'invalid choice'),
    (['add', 'ltency'], 1, 'ltency'),
    (['add', 'latency', 'latency=long'], 1, "attributes.latency: 'long' is not valid, expected an integer"),
    (['update', 'x'], 1, 'there is no toxic x'),
    (['remove', 'x'], 1, 'there is no toxic x'),
])
def test_vaurienctl_says_what_is_wrong_with_a_toxic(proxy, say, argv, status, words):
    done = say(*argv)
    assert done[0] == status
    assert words in done[1]
    assert worn(proxy) == []


# -- together with behaviors

def test_redis_is_late_and_drawn_commands_fail_at_the_same_time(daemon, redis_server):
    count, name = 40, 'late-and-failing'
    fails = entry('error', 10, kind='busy')
    failed, spent = [], []
    with between(daemon, name, redis_server, 'redis') as proxy, \
            redis.Redis(HOST, proxy.port, protocol=2, retry=None, socket_timeout=PATIENCE) as client:
        client.ping()
        proxy.meet(fails)
        with proxy.toxic('latency', latency=50):
            for number in range(count):
                start = time.monotonic()
                try:
                    assert client.echo(f'{number}') == b'%d' % number
                except redis.ResponseError:
                    failed.append(number)
                spent.append(time.monotonic() - start)
        assert [fault.request for fault in proxy.faults] == [f'ECHO {number}' for number in failed]
        assert (proxy.count('accepted'), proxy.unread) == (1, [])
    assert failed == failing(name, 'redis', fails, [True] * count)
    assert failed
    assert min(spent) >= 0.05, 'an answer that vaurien makes itself is as late as one of the server'


def test_the_control_server_answers_while_toxics_hold_everything_back(proxy):
    with contextlib.ExitStack() as stack:
        stack.enter_context(proxy.toxic('bandwidth', rate=0))
        for _ in range(20):
            stack.enter_context(connect(proxy.port)).sendall(b'x' * 100_000)
        eventually(lambda: proxy.client.count_sessions(proxy.name) == 20)
        assert worn(proxy) == ['bandwidth_downstream']
