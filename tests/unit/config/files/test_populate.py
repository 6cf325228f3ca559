"""Proxies from a file as Toxiproxy has it, and the flag that starts vaurien in its place."""
import json
from pathlib import Path

import pytest

from vaurien.config.files.populate import FORM
from vaurien.spec import BehaviorSpec

from ..configuring import configuration, new_folder, refused, spec  # noqa: F401 - a fixture

ONE = {'name': 'redis', 'listen': '127.0.0.1:26379', 'upstream': '127.0.0.1:6379', 'enabled': True}


def populate(found, *argv, **kwargs):
    Path('proxies.json').write_text(found if isinstance(found, str) else json.dumps(found))
    return configuration('--fleet-only', '--http', '--populate', 'proxies.json', *argv, **kwargs)


def wrong(found, *argv, **kwargs):
    Path('proxies.json').write_bytes(found if isinstance(found, bytes) else json.dumps(found).encode())
    return refused('--populate', 'proxies.json', *argv, **kwargs)


def test_proxies_of_a_file_are_started_in_its_order():
    found = populate([ONE, {'name': 'web', 'upstream': 'localhost:80', 'enabled': False}]).spec.proxies
    assert [(one.name, one.proxy, one.backend, one.enabled, one.protocol) for one in found] == [
        ('redis', '127.0.0.1:26379', '127.0.0.1:6379', True, 'tcp'), ('web', '127.0.0.1:0', 'localhost:80', False, 'tcp')]


def test_they_come_behind_all_others():
    found = populate([ONE], '--no-fleet-only', ini='[proxy:a]\nproxy = a:1').spec.proxies
    assert [one.name for one in found] == ['default', 'a', 'redis']


def test_keys_are_read_in_any_case_and_null_is_nothing():
    found = populate([{'Name': 'a', 'LISTEN': None, 'Upstream': 'b:1', 'enabled': None}]).spec.proxies
    assert [(one.name, one.proxy, one.enabled) for one in found] == [('a', '127.0.0.1:0', True)]


def test_a_proxy_may_have_a_protocol_and_a_mix():
    entry = {**ONE, 'protocol': 'redis', 'behavior': '5:delay'}
    one, = populate([entry], ini='[behavior:delay]\nsleep = 2').spec.proxies
    assert (one.protocol, one.mix) == ('redis', (BehaviorSpec(name='delay', percent=5.0),))
    assert one.settings == {'delay': {'sleep': 2.0}}


def test_what_toxiproxy_leaves_without_effect_is_told():
    found = populate([{**ONE, 'toxics': [{'type': 'latency'}], 'Logger': {}}])
    assert found.notes == ('proxies.json proxy 1 toxics has no effect',)
    assert found.spec.proxies[0].toxics == ()


def test_an_empty_list_is_one():
    assert populate([]).spec.proxies == ()


def test_the_key_of_a_file_means_the_same():
    Path('proxies.json').write_text(json.dumps([ONE]))
    assert spec(ini='[vaurien]\npopulate = proxies.json').proxies[1].name == 'redis'


def test_the_file_is_read_again():
    found = populate([ONE])
    Path('proxies.json').write_text('[]')
    assert found.again().spec.proxies == ()


NAME = 'letters, digits, "-", "_" and ".", the first one a letter or a digit'


@pytest.mark.parametrize('found, message', [
    (b'[', f"--populate proxies.json: 'Input data was truncated' is not valid, expected {FORM}"),
    (b'', f"--populate proxies.json: 'Input data was truncated' is not valid, expected {FORM}"),
    (b'[' * 100_000, '--populate proxies.json: '),
    (b'["\xff"]', '--populate proxies.json: '),
    (b' ' * 2_000_000, "--populate proxies.json: 'more than 1048576 bytes' is not valid"),
    ({}, f"--populate proxies.json: 'dict' is not valid, expected {FORM}"),
    ([5], 'proxies.json proxy 1: 5 is not valid, expected an object with name, listen, upstream and enabled'),
    ([ONE, {'upstream': 'a:1'}], f"proxies.json proxy 2 name: '' is not valid, expected {NAME}"),
    ([{**ONE, 'name': 'a/b'}], f"proxies.json proxy 1 name: 'a/b' is not valid, expected {NAME}"),
    ([{**ONE, 'name': 5}], f'proxies.json proxy 1 name: 5 is not valid, expected {NAME}'),
    ([ONE, {'name': 'a'}], "proxies.json proxy 2 upstream: '' is not valid, expected HOST:PORT, where it connects to"),
    ([{**ONE, 'enabled': 'no'}], "proxies.json proxy 1 enabled: 'no' is not valid, expected true or false"),
    ([{**ONE, 'listn': 'a:1'}], "proxies.json proxy 1: 'listn' is not valid, expected one of name, enabled, listen, "),
    ([{**ONE, 'listen': 5}], 'proxies.json proxy 1 listen: 5 is not valid, expected HOST:PORT'),
    ([{**ONE, 'listen': 'nowhere'}], "proxies.json proxy 1 listen: 'nowhere' is not valid, expected HOST:PORT"),
    ([{**ONE, 'upstream': 'x'}], "proxies.json proxy 1 upstream: 'x' is not valid, expected HOST:PORT"),
    ([{**ONE, 'protocol': 'tpc'}], "proxies.json proxy 1 protocol: 'tpc' is not valid, expected one of "),
    ([{**ONE, 'behavior': '5:dely'}], "proxies.json proxy 1 behavior: 'dely' is not valid, expected one of abort"),
    ([ONE, ONE], "proxies.json proxy 2 name: 'redis' is not valid, expected a name that no other proxy has"),
    ([{**ONE, 'name': 'default'}], "proxies.json proxy 1 name: 'default' is not valid, expected a name that no other proxy has"),
    ([ONE, {**ONE, 'name': 'b'}], "proxy b: '127.0.0.1:26379' is not valid, expected an address other than that of proxy redis"),
])
def test_a_file_that_does_not_fit_is_refused_whole_in_one_line(found, message):
    assert wrong(found).startswith(message)


def test_a_file_that_is_nowhere_is_named():
    assert 'nowhere.json' in refused('--populate', 'nowhere.json', error=OSError)
    assert refused('--populate', 'a\0b').startswith("--populate: 'a\\x00b' is not valid, expected the path of a file")


# -- in place of Toxiproxy

def place(*argv, **kwargs):
    found = spec(*argv, **kwargs)
    return found.http, found.http_host, found.http_port, [one.name for one in found.proxies]


def test_toxiproxy_is_short_for_where_it_listens_and_no_proxy():
    assert place('--toxiproxy') == (True, 'localhost', 8474, [])
    assert place(ini='[vaurien]\ntoxiproxy = yes') == (True, 'localhost', 8474, [])
    assert place('--toxiproxy', '--no-fleet-only')[3] == ['default']


@pytest.mark.parametrize('argv, ini, expected', [
    (['--toxiproxy', '--http-port', '0'], None, 0),
    (['--http-port', '5', '--toxiproxy'], None, 5),
    (['--toxiproxy'], '[vaurien]\nhttp_port = 5', 8474),
    ([], '[vaurien]\nhttp_port = 5\ntoxiproxy = on', 5),
    (['--http-port', '6'], '[vaurien]\nhttp_port = 5\ntoxiproxy = on', 6),
])
def test_flags_beside_it_win(argv, ini, expected):
    assert place(*argv, ini=ini)[2] == expected


def test_it_can_be_taken_back():
    assert place('--no-toxiproxy') == (False, 'localhost', 8080, ['default'])
    assert refused(ini='[vaurien]\ntoxiproxy = perhaps').startswith("main.ini [vaurien] toxiproxy: 'perhaps' is not valid")


def test_others_need_a_token_there_too():
    assert refused('--toxiproxy', '--http-host', '0.0.0.0').startswith("--http-host: '0.0.0.0' is not valid")
