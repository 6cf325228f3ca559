"""Plugins of vaurien 1.x in a running vaurien, made known in each way that there is, and sections that give classes names."""
import urllib.request

import pytest

from tests.support.daemon import daemon, run_to_end
from tests.support.peers import ask, connect
from tests.support.unit_of_time import PATIENCE

PLAIN = '''
class Shout(object):
    """Answers instead of the backend."""
    name = 'shout'
    options = {'word': ('What it says', str, 'hey'), 'twice': ('Whether it says it twice', bool, False)}

    def __init__(self):
        self.settings = {}
        self.count = 0

    def update_settings(self, settings):
        self.settings.update(settings)

    def option(self, name):
        return self.settings.get(name, self.options[name][2])

    def on_before_handle(self, protocol, source, dest, to_backend):
        if not to_backend:
            return True
        source.recv(1024)
        self.count += 1
        source.sendall(f"{self.option('word') * (1 + self.option('twice'))}{self.count}".encode())

    def on_after_handle(self, protocol, source, dest, to_backend):
        return True
'''
REGISTER = '\nfrom vaurien.behaviors import Behavior\nBehavior.register(Shout)\n'
BARE = '''
class Bare:
    name = 'bare'
    options = {'word': ('What it says', str, 'hey')}
    def on_before_handle(self, protocol, source, dest, to_backend):
        if to_backend:
            source.recv()
            source.sendall(self.settings['word'].encode())
        return not to_backend
    def on_after_handle(self, protocol, source, dest, to_backend):
        pass
'''


def put(vaurien, data):
    request = urllib.request.Request(f'{vaurien.control}/behavior', data, method='PUT')
    urllib.request.urlopen(request, timeout=PATIENCE).close()


def said(vaurien, proxy='default'):
    with connect(vaurien.proxies[proxy][1]) as client:
        client.sendall(b'x')
        return client.recv(100)


def test_a_plain_class_runs_by_plugin_and_is_told_what_flags_and_the_api_say(tmp_path, echo_server):
    (tmp_path / 'shouting.py').write_text(PLAIN + REGISTER)
    with daemon('--plugin', 'shouting', '--backend', echo_server.address, '--behavior', 'shout', '--behavior-shout-word', 'ho',
                '--http', '--http-port', '0', cwd=tmp_path) as vaurien:
        with connect(vaurien.port) as client:
            assert [ask(client, b'xxx') for _ in range(2)] == [b'ho1', b'ho2']
        put(vaurien, b'{"name": "shout", "word": "a", "twice": true}')
        assert said(vaurien) == b'aa1'


def test_a_plain_class_runs_by_callable_one_object_for_each_proxy(tmp_path, echo_server):
    (tmp_path / 'shouting.py').write_text(PLAIN + BARE)
    (tmp_path / 'chaos.ini').write_text(
        f'[vaurien]\nproxy = 127.0.0.1:0\nbackend = {echo_server.address}\nbehavior = shout\n'
        f'[proxy:two]\nproxy = 127.0.0.1:0\nbackend = {echo_server.address}\nbehavior = shout\n'
        f'[proxy:three]\nproxy = 127.0.0.1:0\nbackend = {echo_server.address}\nbehavior = bare\n'
        '[behavior:shout]\ncallable = shouting:Shout\ntwice = yes\n[behavior:bare]\ncallable = shouting.Bare\nword = bare\n')
    with daemon('--config', 'chaos.ini', proxies=3, cwd=tmp_path) as vaurien:
        assert [said(vaurien), said(vaurien)] == [b'heyhey1', b'heyhey2']
        assert (said(vaurien, 'two'), said(vaurien, 'three')) == (b'heyhey1', b'bare')


@pytest.mark.parametrize('registered', [False, True])
def test_the_name_of_a_section_is_that_of_the_behavior_and_two_may_name_one_class(tmp_path, echo_server, registered):
    (tmp_path / 'shouting.py').write_text(PLAIN + REGISTER * registered)
    proxy = f'proxy = 127.0.0.1:0\nbackend = {echo_server.address}\nbehavior = '
    (tmp_path / 'chaos.ini').write_text(
        f'[vaurien]\n{proxy}mine\n[proxy:two]\n{proxy}yours\n'
        '[behavior:mine]\ncallable = shouting:Shout\nword = a\n[behavior:yours]\ncallable = shouting:Shout\nword = b\n')
    flags = ('--config', 'chaos.ini', '--http', '--http-port', '0', '--behavior-yours-twice')
    with daemon(*flags, proxies=2, cwd=tmp_path) as vaurien:
        assert (said(vaurien), said(vaurien, 'two')) == (b'a1', b'bb1')
        with urllib.request.urlopen(f'{vaurien.control}/behaviors', timeout=PATIENCE) as answer:
            names = answer.read().decode()
        assert '"mine"' in names
        assert ('"shout"' in names) is registered


def test_what_cannot_be_adapted_is_one_line_and_status_2(tmp_path):
    (tmp_path / 'bad.py').write_text('class Bad:\n    name = "bad"\n    options = {}\n')
    (tmp_path / 'chaos.ini').write_text('[behavior:mine]\ncallable = bad:Bad\n')
    done = run_to_end('--config', 'chaos.ini', cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count('\n')) == (2, '', 1)
    assert done.stderr.startswith('vaurien: chaos.ini [behavior:mine] callable: behavior Bad cannot be registered: ')
