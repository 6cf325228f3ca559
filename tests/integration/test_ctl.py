"""vaurienctl against a running vaurien: every command, both ways of writing, and how it ends."""
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios

import pytest
import requests

from tests.support.daemon import daemon, environment
from tests.support.own import own
from tests.support.peers import Backend, ask, connect, echo_server, ending, free_port, sink
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.behaviors import Behavior
from vaurien.ctl import command as ctl
from vaurien.ctl.commands.table import COMMANDS

SERVE = ['--backend', 'embedded', '--protocol', 'http', '--http', '--http-port', '0']
COMMAND = [sys.executable, '-c', 'import sys; from vaurien.ctl import main; sys.exit(main())']


@pytest.fixture
def vaurien(monkeypatch):
    monkeypatch.delenv('VAURIEN_HTTP_TOKEN', raising=False)
    with daemon(*SERVE) as running:
        yield running


@pytest.fixture
def control(vaurien, capsys):
    """Run a command; returns its status, and what it printed on standard output and error."""
    def run(*argv):
        status = ctl.main([*argv, '--host', vaurien.control])
        return (status, *capsys.readouterr())
    return run


@pytest.fixture
def said(control):
    """Run a command that has to go well; returns the lines that it printed."""
    def run(*argv):
        status, out, err = control(*argv)
        assert (status, err) == (0, '')
        return out.splitlines()
    return run


@pytest.fixture
def told(control):
    """Run a command that has to go well, with ``--json``; returns what it said."""
    def run(*argv):
        status, out, err = control(*argv, '--json')
        assert (status, err) == (0, '')
        return json.loads(out)
    return run


def ask_web(vaurien, path='/'):
    return requests.get(f'http://127.0.0.1:{vaurien.port}{path}', timeout=PATIENCE).status_code


def test_behaviors_are_listed_shown_and_set_as_in_1_x(vaurien, said, told):
    assert said('list-behaviors') == [', '.join(own(Behavior))]
    assert told('list-behaviors')['behaviors'][:2] == ['abort', 'blackout']
    assert said('get-behavior') == ['dummy']
    assert said('set-behavior', 'error', '--kind', '503', '--no-inject') == ['Behavior changed to "error"']
    assert said('get-behavior') == ['error']
    assert ask_web(vaurien) == 503
    assert told('set-behavior', 'delay', '--sleep=0.01') == {'status': 'ok'}
    assert told('get-behavior') == {'behavior': 'delay'}
    assert told('show', 'default')['mix'] == [{'name': 'delay', 'percent': 100.0, 'settings': {'sleep': '0.01'}}]


def test_a_mix_is_shown_and_changed(said, told):
    assert said('mix', 'default') == ['dummy']
    assert said('mix', 'default', '20:delay,0.5:error') == ['20:delay,0.5:error']
    assert [(entry['name'], entry['percent']) for entry in told('mix', 'default')['mix']] == [('delay', 20), ('error', 0.5)]
    assert said('get-behavior') == ['20:delay,0.5:error']


def test_a_test_is_begun_shown_and_ended(said, told, control):
    assert said('mark') == ['no test runs']
    assert said('mark', 'test_a[x y]') == ['test_a[x y]']
    assert told('mark') == {'test': 'test_a[x y]'}
    assert said('mark', '--end') == ['no test runs']
    assert told('mark') == {'test': ''}
    found, out, err = control('mark', 'a', '--end')
    assert (found, out, err) == (2, '', "vaurienctl: 'a' and --end, expected one of them\n")


def test_a_plan_is_added_listed_and_taken_away(vaurien, said, told, control):
    assert said('plan') == ['ID  FAULT  MATCHED  APPLIED  WHERE  WHY NOT']
    rows = said('plan', 'add', 'GET /a #2 = 503', 'GET /b = hang')
    assert [row.split()[:2] for row in rows] == [['ID', 'FAULT'], ['1', 'GET'], ['2', 'GET']]
    assert [ask_web(vaurien, path) for path in ('/a', '/a', '/a')] == [404, 503, 404]
    assert re.fullmatch(r' *1  GET /a #2 = 503 +3 +1  default #2\.1', said('plan')[1])
    assert [entry['id'] for entry in told('plan', 'remove', '1')['entries']] == [1]
    assert [entry['text'] for entry in told('plan')['entries']] == ['GET /b = hang']
    assert said('plan', 'clear') == ['the plan is empty']
    assert told('plan') == {'entries': []}


@pytest.mark.parametrize('words, status, line', [
    (['add'], 2, 'vaurienctl: add lacks an entry, expected one such as "cache: SET session:* #2 = readonly"'),
    (['add', '* = hnag'], 1, "faults[0] name: 'hnag' is not valid, expected a known name, the nearest is hang"),
    (['remove', '7'], 1, 'the plan has no entry 7'), (['remove', 'x'], 2, "'x' is no id of an entry, expected a number"),
    (['remove'], 2, 'remove lacks the ids of entries'), (['list', 'x'], 2, "'x' is no word that list takes"),
    (['ad'], 2, 'ad'),
])
def test_a_mistake_about_the_plan_is_one_line(control, words, status, line):
    found, out, err = control('plan', *words)
    assert (found, out, line in err) == (status, '', True)


def test_a_proxy_is_made_listed_switched_and_removed(said, told, control):
    with echo_server() as backend:
        line = said('create', 'cache', '--backend', backend.address, '--mix', '5:delay')[0]
        address = re.fullmatch(r'cache listens on (127.0.0.1:\d+)', line)[1]
        rows = said('proxies')
        assert rows[0].split() == ['NAME', 'ADDRESS', 'BACKEND', 'PROTOCOL', 'BEHAVIOR', 'TOXICS', 'STATE', 'SESSIONS']
        assert rows[2].split() == ['cache', address, backend.address, 'tcp', '5:delay', '-', 'enabled', '0']
        assert said('disable', 'cache') == ['cache is disabled']
        with pytest.raises(ConnectionRefusedError):
            connect(int(address.split(':')[1]))
        assert said('proxies')[2].split()[6] == 'disabled'
        assert said('enable', 'cache') == [f'cache listens on {address}']
        with connect(int(address.split(':')[1])) as client:
            assert ask(client, b'hello') == b'hello'
        shown = dict(line.split(maxsplit=1) for line in said('show', 'cache'))
        assert (shown['address'], shown['mix.1'], shown['stats.accepted']) == (address, 'name=delay percent=5.0', '1')
        assert told('show', 'cache')['name'] == 'cache'
        assert said('remove', 'cache') == ['cache removed']
        assert [proxy['name'] for proxy in told('proxies')['proxies']] == ['default']
        assert said('create', 'later', '--backend', backend.address, '--disabled') == ['later is disabled']


def test_each_verb_is_followed_by_its_proxy(vaurien, said, told):
    with echo_server() as backend:
        said('create', 'cache', '--backend', backend.address)
        assert said('behavior', 'cache') == ['dummy']
        assert said('behavior', 'cache', 'delay', '--sleep', '0.01') == ['Behavior changed to "delay"']
        assert (said('behavior', 'cache'), said('behavior', 'default')) == (['delay'], ['dummy'])
        assert said('behaviors') == said('list-behaviors')
        assert said('protocol', 'cache') == ['tcp']
        assert said('protocol', 'cache', 'redis') == ['redis']
        assert told('protocol', 'cache') == {'protocol': 'redis'}
        assert said('behavior', 'cache', 'error', '--kind', 'readonly') == ['Behavior changed to "error"']
        assert said('backend', 'cache') == [backend.address]
        assert said('backend', 'cache', 'localhost:1') == ['localhost:1']
        assert said('reset', 'cache') == ['cache is what it was created as']
        again = told('show', 'cache')
        assert [again[field] for field in ('protocol', 'backend', 'behavior')] == ['tcp', backend.address, 'dummy']
        said('mix', 'cache', '5:delay')
        said('mix', 'default', '6:delay')
        assert said('reset') == ['all proxies are what they were created as']
        assert [said('mix', name) for name in ('cache', 'default')] == [['dummy'], ['dummy']]


def test_toxics_are_put_on_changed_shown_and_taken_away(vaurien, said, told):
    assert said('add-toxic', 'default', 'latency', 'latency=100', '--stream', 'upstream', 'jitter=5') == [
        'default has the toxic latency_upstream']
    assert said('add-toxic', 'default', 'slicer', '--name', 'pieces', '--toxicity', '0.5') == ['default has the toxic pieces']
    assert said('proxies')[1].split()[5] == 'latency_upstream,pieces'
    assert said('change-toxic', 'default', 'latency_upstream', 'latency=20') == ['default has changed the toxic latency_upstream']
    first, second = told('toxics', 'default')['toxics']
    assert (first['attributes']['latency'], first['attributes']['jitter'], second['toxicity']) == (20, 5, 0.5)
    assert said('toxic', 'list', 'default') == said('toxics', 'default')
    assert said('remove-toxic', 'default', 'pieces') == ['default has the toxic pieces no more']
    assert said('toxic', 'remove', 'default', 'latency_upstream') == ['default has the toxic latency_upstream no more']
    assert told('toxics', 'default') == {'toxics': []}


def test_sessions_are_listed_and_killed(vaurien, said, told, control):
    with Backend(sink) as backend:
        port = free_port()
        said('create', 'quiet', '--backend', backend.address, '--listen', f'127.0.0.1:{port}')
        with connect(port) as one, connect(port) as two, connect(port) as three:
            one.sendall(b'hello')
            backend.wait_for(3)
            rows = said('sessions', 'quiet')
            assert rows[0].split()[:3] == ['NUMBER', 'CLIENT', 'BACKEND']
            assert [row.split()[:3] for row in rows[1:]] == [
                [str(number), '{}:{}'.format(*client.getsockname()), backend.address]
                for number, client in enumerate((one, two, three), 1)]
            assert [session['number'] for session in told('sessions', 'quiet')['sessions']] == [1, 2, 3]
            assert said('kill', 'quiet', '2') == ['sessions of quiet ended: 1']
            assert ending(two) == 'RST'
            assert told('kill', 'quiet') == {'killed': 2}
            assert [ending(one), ending(three)] == ['RST', 'RST']
            assert control('kill', 'quiet', '9')[0] == 1


def test_faults_are_listed(vaurien, said, told):
    said('set-behavior', 'error', '--kind', '503')
    ask_web(vaurien)
    ask_web(vaurien, '/status/201')
    rows = said('faults')
    assert rows[0].split() == ['ID', 'TIME', 'PROXY', 'SESSION', 'EXCHANGE', 'BEHAVIOR', 'KIND', 'REQUEST']
    assert [row.split()[5:] for row in rows[1:]] == [['error', '503', 'GET', '/'], ['error', '503', 'GET', '/status/201']]
    assert [fault['request'] for fault in told('faults', '--since', '1')['faults']] == ['GET /status/201']
    assert told('faults', '--proxy', 'other') == told('faults', 'other') == {'faults': []}
    assert len(told('faults', 'default')['faults']) == 2


def start(*argv, **settings):
    return subprocess.Popen([*COMMAND, *argv], stdin=subprocess.DEVNULL, text=True,
                            **{'env': environment(), 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **settings})


def test_faults_are_followed_until_interrupted(vaurien, said):
    said('set-behavior', 'error', '--kind', '503')
    ask_web(vaurien)
    with start('--host', vaurien.control, 'faults', '--follow', '--since', '0') as process:
        assert process.stdout.readline().split()[0] == 'ID'
        assert process.stdout.readline().split()[5:] == ['error', '503', 'GET', '/']
        ask_web(vaurien, '/later')
        assert process.stdout.readline().split()[5:] == ['error', '503', 'GET', '/later']
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        assert (process.stdout.read(), process.stderr.read()) == ('', '')


def test_followed_faults_are_json_a_line_each_and_end_with_the_server(vaurien, said):
    said('set-behavior', 'error', '--kind', '503')
    ask_web(vaurien)
    with start('--host', vaurien.control, 'faults', '--follow', '--since', '0', '--json') as process:
        assert json.loads(process.stdout.readline())['request'] == 'GET /'
        vaurien.stop()
        assert process.wait(PATIENCE) == 3
        assert 'no vaurien answers' in process.stderr.read()


def test_top_is_plain_text_where_it_is_not_on_a_terminal(vaurien, said, told):
    ask_web(vaurien)
    rows = said('top', '--count', '2', '--interval', '0.05')
    assert [row.split() for row in rows] == [
        ['PROXY', 'SESSIONS', 'EXCHANGES/S', 'BYTES/S', 'FAULTS/S'], ['default', '0', '0.0', '0', 'B', '0.0']] * 2
    assert told('top', '--count', '1', '--interval', '0.05')['proxies'][0]['proxy'] == 'default'


def test_top_says_how_busy_a_proxy_is(vaurien, said):
    said('set-behavior', 'error', '--kind', '503')
    with start('--host', vaurien.control, 'top', '--interval', str(100 * MS), '--json') as process:
        for line in process.stdout:
            found = json.loads(line)['proxies'][0]
            if found['exchanges'] > 0 and found['bytes'] > 0 and found['faults'] > 0:
                break
            ask_web(vaurien)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_top_writes_each_table_in_place_of_the_last_on_a_terminal(vaurien):
    assert on_terminal(vaurien, 'top', '--count', '2', '--interval', '0.05').count('\x1b[H\x1b[JPROXY') == 2


def on_terminal(vaurien, *argv, columns=80):
    """Run a command on a terminal, and return what is written there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    with start('--host', vaurien.control, *argv, stdout=theirs) as process:
        os.close(theirs)
        text = b''
        while data := read(ours):
            text += data
        assert process.wait(PATIENCE) == 0
    os.close(ours)
    return text.decode()


def read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:     # EIO: the other side has closed
        return b''


# -- how it ends

@pytest.mark.parametrize('argv, words', [
    (['set-behavior', 'eror'], "the 'eror' behavior does not exist, known: abort, blackout, delay, dribble, dummy, edit, error, "
     'hang, transient; did you mean error?'),
    (['set-behavior', 'delay', '--slep', '1'], "slep: '1' is not valid, expected one of the options before, match, p99, "
     "sleep, to"),
    (['set-behavior', 'delay', '--proxy', 'x'], "the 'x' proxy does not exist, known: default"),
    (['mix', 'default', '120:delay'], 'with a sum of at most 100'),
    (['show', 'x'], "the 'x' proxy does not exist, known: default"),
    (['create', 'default', '--backend', 'h:1'], 'default'),
    (['create', 'x', '--backend', 'h'], "'h' is not valid"),
    (['remove', 'x\ny'], 'does not exist'),
])
def test_what_the_server_refuses_is_one_line_and_status_1(control, argv, words):
    status, out, err = control(*argv)
    assert (status, out) == (1, '')
    assert err.startswith('vaurienctl: ')
    assert words in err
    assert err.count('\n') == 1


def test_no_server_is_one_line_and_status_3(capsys):
    port = free_port()
    for name in ('proxies', 'top', 'faults', 'get-behavior'):
        assert ctl.main(['--host', f'localhost:{port}', name]) == 3
        said = f'vaurienctl: no vaurien answers at http://localhost:{port}: Connection refused ({ctl.ELSEWHERE})\n'
        assert capsys.readouterr() == ('', said)


def test_another_server_is_one_line_and_status_1(capsys, nginx_server):
    assert ctl.main(['--host', nginx_server.address, 'proxies']) == 1
    assert 'Not Found' in capsys.readouterr().err


def test_the_token_is_given_by_flag_or_environment(monkeypatch, capsys):
    monkeypatch.delenv('VAURIEN_HTTP_TOKEN', raising=False)
    with daemon(*SERVE, '--http-token', 'secret') as running:
        where = ['--host', running.control, 'get-behavior']
        assert ctl.main(where) == 1
        assert '--token or VAURIEN_HTTP_TOKEN' in capsys.readouterr().err
        assert ctl.main(['--token', 'wrong', *where]) == 1
        assert ctl.main(['--token', 'secret', *where]) == 0
        monkeypatch.setenv('VAURIEN_HTTP_TOKEN', 'secret')
        assert ctl.main(where) == 0
        assert capsys.readouterr().out == 'dummy\ndummy\n'


def test_the_control_server_is_given_by_flag_or_environment(vaurien, monkeypatch, capsys):
    monkeypatch.setenv('VAURIEN_CONTROL', vaurien.control)
    assert ctl.main(['get-behavior']) == 0
    assert capsys.readouterr().out == 'dummy\n'
    monkeypatch.setenv('VAURIEN_CONTROL', f'http://localhost:{free_port()}')
    assert ctl.main(['get-behavior']) == 3
    assert ctl.main(['get-behavior', '--host', vaurien.control]) == 0
    monkeypatch.setenv('VAURIEN_CONTROL', 'ftp://localhost')
    capsys.readouterr()
    assert ctl.main(['get-behavior']) == 2
    assert capsys.readouterr().err.startswith("vaurienctl: VAURIEN_CONTROL: 'ftp://localhost' is not valid")


def test_tables_fit_the_terminal(vaurien, said):
    said('create', 'n' * 60, '--backend', 'localhost:1')
    rows = on_terminal(vaurien, 'proxies').splitlines()
    assert len(rows) == 3
    assert max(map(len, rows)) <= 80
    assert 'nnn…' in rows[2]


def test_a_reader_that_has_seen_enough_is_no_error(vaurien):
    with start('--host', vaurien.control, 'top', '--interval', '0.05') as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == ''


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='this system has no /dev/full')
def test_an_output_that_takes_nothing_is_one_line_and_status_1(vaurien):
    with open('/dev/full', 'w') as full, start('--host', vaurien.control, 'proxies', stdout=full) as process:
        assert process.wait(PATIENCE) == 1
        assert process.stderr.read() == 'vaurienctl: [Errno 28] No space left on device\n'


def test_a_terminal_that_knows_few_characters_shows_them_by_number(vaurien, said):
    said('set-behavior', 'error', '--kind', '503', '--match', 'ü')
    with start('--host', vaurien.control, 'show', 'default', env={**environment(), 'PYTHONIOENCODING': 'ascii'}) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, '')
    assert 'match=\\xfc' in out


def test_an_interrupt_shows_no_traceback(capsys, monkeypatch):
    def interrupted(client, args):
        raise KeyboardInterrupt
    monkeypatch.setitem(COMMANDS, 'proxies', COMMANDS['proxies']._replace(run=interrupted))
    assert ctl.main(['proxies']) == 130
    assert capsys.readouterr() == ('', '')


def test_the_command_does_not_bring_the_event_loop_along():
    code = 'import sys; from vaurien.ctl import main; main(["--version"]); sys.exit("gevent" in sys.modules)'
    assert subprocess.run([sys.executable, '-c', code], env=environment(), capture_output=True, check=False).returncode == 0
