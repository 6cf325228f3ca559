"""A plugin whose constructor raises: one line that names it, nothing changed, no matter who asked for it and how."""
import json
import re
import signal

import pytest
import requests

import vaurien
from tests.support.daemon import daemon, run_to_end
from tests.support.peers import ask, connect, fate
from tests.support.unit_of_time import PATIENCE
from vaurien.errors import VaurienError

PLUGIN = '''
import gevent, os, sys
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy
from vaurien.protocols import Protocol
from vaurien.protocols.base import BaseProtocol
from vaurien.toxics.base import TOXICS, Toxic

class Odd(BaseException):
    """No Exception, and not to be shown."""
    def __repr__(self):
        raise self

class Several(Exception):
    def __repr__(self):
        return 'several\\nlines'

OPTIONS = {'raises': ('What it raises', str, ''), 'number': ('What it makes a mistake of', lambda value: MISTAKES[value](), None)}

def fail(settings):
    if settings.get('raises'):
        MISTAKES[settings['raises']]()

def raising(error):
    def mistake():
        raise error
    return mistake

MISTAKES = {'value': raising(ValueError('no')), 'os': raising(OSError(2, 'no file')), 'exit': raising(SystemExit(3)),
            'timeout': raising(gevent.Timeout(1)), 'odd': raising(Odd()), 'several': raising(Several()),
            'runtime': raising(RuntimeError('x'))}

@Behavior.register
class Broken(Dummy):
    """Cannot be made."""
    name = 'broken'
    options = OPTIONS
    def __init__(self, settings=None):
        super().__init__(settings)
        fail(self.settings)

@Behavior.register
class Empty(Dummy):
    """Does not call Dummy."""
    name = 'empty'
    def __init__(self, settings=None):
        pass

@Behavior.register
class Plain:
    """Of 1.x."""
    name = 'plain'
    options = OPTIONS
    def update_settings(self, settings):
        fail(settings)
    def on_before_handle(self, *args):
        return True
    def on_after_handle(self, *args):
        return True

@Behavior.register
class Unsuited(Dummy):
    """Raises where it is held against a protocol."""
    name = 'unsuited'
    options = OPTIONS
    def suit(self, protocol):
        fail(self.settings)

@Protocol.register
class BrokenProtocol(BaseProtocol):
    """Cannot be made."""
    name = 'broken'
    options = OPTIONS
    def __init__(self, settings=None):
        super().__init__(settings)
        fail(self.settings)
    def _handle(self, source, dest, to_backend):
        data = source.recv()
        dest.sendall(data)
        return bool(data)

@TOXICS.register
class BrokenToxic(Toxic):
    """Cannot be made."""
    name = 'broken'
    options = OPTIONS
    def __init__(self, settings, link, shared):
        super().__init__(settings, link, shared)
        fail(settings)
'''
#: what is raised, by how the line shows it
SHOWN = {'value': "ValueError('no')", 'os': "FileNotFoundError(2, 'no file')", 'exit': 'SystemExit(3)', 'timeout': 'Timeout',
         'odd': 'Odd', 'several': 'several lines'}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'plugin_broken.py').write_text(PLUGIN)
    return tmp_path


@pytest.fixture
def running(folder, echo_server):
    flags = ('--plugin', 'plugin_broken', '--backend', echo_server.address, '--http', '--http-port', '0')
    with daemon(*flags, cwd=folder) as started:
        yield started


# -- the command line

@pytest.mark.parametrize('raises', SHOWN)
@pytest.mark.parametrize('kind, argv', [
    ('behavior broken', ['--behavior', 'broken', '--behavior-broken-raises']),
    ('behavior plain', ['--behavior', '5:plain', '--behavior-plain-raises']),
    ('behavior unsuited', ['--behavior', '5:unsuited', '--behavior-unsuited-raises']),
    ('protocol broken', ['--protocol', 'broken', '--protocol-broken-raises']),
    ('toxic broken', ['--toxic', 'broken:raises=']),
])
def test_on_the_command_line_it_is_one_line_and_status_2(folder, kind, argv, raises):
    argv = [*argv[:-1], argv[-1] + raises] if argv[-1].endswith('=') else [*argv, raises]
    done = run_to_end('--plugin', 'plugin_broken', '--proxy', '127.0.0.1:0', *argv, cwd=folder)
    line = done.stderr.splitlines()[-1]     # the log may say before that it has started
    assert (done.returncode, done.stdout) == (2, '')
    assert line.startswith(f'vaurien: {kind} cannot be made: ')
    assert SHOWN[raises] in line
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize('argv, line', [
    (['--behavior', 'empty'], 'behavior empty cannot be made: AttributeError'),
    (['--behavior', 'broken', '--behavior-broken-number', 'runtime'],
     "--behavior-broken-number: 'runtime' is not valid, expected a value that <lambda> takes, and its type has raised Ru"),
    (['--behavior', 'broken', '--behavior-broken-number', 'exit'], "--behavior-broken-number: 'exit' is not valid"),
])
def test_other_mistakes_of_a_plugin_are_one_line_too(folder, argv, line):
    done = run_to_end('--plugin', 'plugin_broken', *argv, cwd=folder)
    assert (done.returncode, done.stderr.count('\n')) == (2, 1)
    assert done.stderr.startswith(f'vaurien: {line}')


def test_in_a_list_at_the_start_it_is_one_line_too(folder):
    (folder / 'list.json').write_text(json.dumps([{'name': 'a', 'upstream': 'b:1', 'behavior': 'broken'}]))
    done = run_to_end('--plugin', 'plugin_broken', '--toxiproxy', '--populate', 'list.json', '--behavior-broken-raises', 'value',
                      cwd=folder)
    assert (done.returncode, done.stderr) == (2, "vaurien: behavior broken cannot be made: ValueError('no')\n")


# -- over HTTP

BROKEN = {'raises': 'value'}
CALLS = {
    'classic': ('PUT', '/behavior', {'name': 'broken', **BROKEN}),
    'classic mix': ('PUT', '/behavior', {'mix': '5:broken', 'settings': {'broken': BROKEN}}),
    'change': ('PATCH', '/v1/proxies/default', {'mix': [{'name': 'broken', 'settings': BROKEN}]}),
    'change a protocol': ('PATCH', '/v1/proxies/default', {'protocol': 'broken', 'protocol_settings': BROKEN}),
    'change toxics': ('PATCH', '/v1/proxies/default', {'toxics': [{'type': 'broken', 'attributes': BROKEN}]}),
    'create': ('POST', '/v1/proxies', {'name': 'new', 'backend': 'a:1', 'mix': [{'name': 'broken', 'settings': BROKEN}]}),
    'a toxic': ('POST', '/v1/proxies/default/toxics', {'type': 'broken', 'attributes': BROKEN}),
    "a toxic in Toxiproxy's words": ('POST', '/proxies/default/toxics', {'type': 'broken', 'attributes': BROKEN}),
    "a proxy in Toxiproxy's words": ('POST', '/proxies', {'name': 'new', 'upstream': 'a:1', 'behavior': 'empty'}),
    'a list': ('POST', '/populate', [{'name': 'new', 'upstream': 'a:1', 'listen': '127.0.0.1:0', 'behavior': 'empty'}]),
    'the type of an option': ('PUT', '/behavior', {'name': 'broken', 'number': 'runtime'}),
}


def test_over_http_it_is_400_and_nothing_has_changed(running):
    def shown():
        found = requests.get(f'{running.control}/v1/proxies', timeout=PATIENCE).json()['proxies']
        return [{key: value for key, value in proxy.items() if key != 'stats'} for proxy in found]
    before = shown()
    with connect(running.port) as client:
        for case, (method, path, body) in CALLS.items():
            answer = requests.request(method, running.control + path, json=body, timeout=PATIENCE)
            assert answer.status_code == 400, (case, answer.text)
            assert re.search(r'(broken|empty) cannot be made|is not valid', answer.text), (case, answer.text)
            assert ask(client, b'ping') == b'ping'
    assert shown() == before
    assert 'Traceback' not in running.log


# -- while it runs

def test_a_configuration_that_is_read_again_changes_nothing(folder, echo_server):
    head = f'[vaurien]\nplugin = plugin_broken\nproxy = 127.0.0.1:0\nbackend = {echo_server.address}\nbehavior = '
    (folder / 'chaos.ini').write_text(f'{head}dummy\n')
    with daemon('--config', 'chaos.ini', cwd=folder) as started, connect(started.port) as client:
        assert ask(client, b'ping') == b'ping'
        for name in ('behavior', 'protocol'):
            behavior, protocol = ('broken', 'tcp') if name == 'behavior' else ('dummy', 'broken')
            (folder / 'chaos.ini').write_text(f'{head}{behavior}\nprotocol = {protocol}\n[{name}:broken]\nraises = odd\n')
            started.send(signal.SIGHUP)
            started.wait_for(f'not reloaded, and nothing has changed: {name} broken cannot be made: Odd')
            assert ask(client, b'ping') == b'ping'


def test_where_only_a_session_finds_out_it_is_reset_and_that_is_logged_once(folder, echo_server):
    (folder / 'plugin_late.py').write_text(PLUGIN.replace("def fail(settings):\n", '''made = {'protocol': 0, 'toxic': 0}
def fail(settings):
    made[settings['raises']] += 1
    if made[settings['raises']] > 1:    # the first one is made for a look
        raise ValueError('late')
    return
'''))
    for argv in (('--protocol', 'broken', '--protocol-broken-raises', 'protocol'), ('--toxic', 'broken:raises=toxic')):
        with daemon('--plugin', 'plugin_late', '--backend', echo_server.address, *argv, cwd=folder) as started:
            assert fate(started.port) == 'RST'
            started.wait_for(r'ERROR .*: session 1 of default is reset: (protocol|toxic) broken raised')
            started.wait_for("ValueError: late")
            assert started.log.count("ValueError: late") == 1
            assert started.status is None


# -- from a test

def test_from_a_test_it_is_an_error_that_says_so(folder, echo_server, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    with vaurien.running(backend=echo_server.address, plugins=['plugin_broken']) as proxy:
        with pytest.raises((ValueError, VaurienError), match='behavior broken cannot be made: SystemExit'), \
                proxy.behavior('broken', raises='exit'):
            pass
        with connect(int(proxy.address.rpartition(':')[2])) as client:
            assert ask(client, b'ping') == b'ping'
