"""From command line and INI file to specs: precedence, names, and how each mistake is named."""
import re
from pathlib import Path

import pytest

from tests.support.own import own
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import pattern
from vaurien.protocols import Protocol
from vaurien.protocols.base import BaseProtocol
from vaurien.protocols.message import Failure, FailureKind
from vaurien.spec import BehaviorSpec, ProcessSpec, ProxySpec, StatsdSpec

from .configuring import configuration, new_folder, proxy, refused, spec  # noqa: F401 - a fixture


@pytest.fixture
def talker():
    """A protocol with a kind of error and without the option ``buffer`` of its own."""
    @Protocol.register
    class Talker(BaseProtocol):
        """Talks."""

        name = 'talker'
        options = {'slow_start': ('Seconds', float, 0.5)}
        errors = {'rude': FailureKind('It is rude.', ('talk',), lambda protocol, exchange: Failure(b'no'))}

        def _handle(self, source, dest, to_backend):
            return False
    return Talker


# -- defaults and single values

def test_nothing_given_is_what_the_specs_say():
    assert spec() == ProcessSpec(proxies=(ProxySpec(mix=(BehaviorSpec(name='dummy'),)),))


#: flag and its value, INI key and its value, the field, what it is then; None: the INI has no such key
SETTINGS = [
    ('--proxy', 'proxy', '127.0.0.1:0', 'proxy', '127.0.0.1:0'),
    ('--backend', 'backend', '[::1]:80', 'backend', '[::1]:80'),
    ('--backend', 'backend', 'unix:/a/b', 'backend', 'unix:/a/b'),
    ('--backend', 'backend', 'embedded', 'backend', 'embedded'),
    ('--behavior', 'behavior', 'hang', 'mix', (BehaviorSpec(name='hang'),)),
    ('--behavior', 'behavior', '20:delay,0.5:error', 'mix',
     (BehaviorSpec(name='delay', percent=20.0), BehaviorSpec(name='error', percent=0.5))),
    ('--timeout', 'timeout', '0.5', 'timeout', 0.5),
    ('--pool-max-size', 'pool_max_size', '0', 'pool_max_size', 0),
    ('--pool-timeout', 'pool_timeout', '1.5', 'pool_timeout', 1.5),
    ('--backlog', 'backlog', '1', 'backlog', 1),
    ('--max-connections', 'max_connections', '3', 'max_connections', 3),
    ('--bufsize', 'bufsize', '1000', 'protocol_settings', {'buffer': 1000}),
    ('--protocol-tcp-reuse-socket', None, None, 'protocol_settings', {'reuse_socket': True}),
    ('--no-stay-connected', None, None, 'stay_connected', False),
    (None, 'stay_connected', 'no', 'stay_connected', False),
    (None, 'stay-connected', 'off', 'stay_connected', False),
    (None, 'protocol.tcp.buffer', '5', 'protocol_settings', {'buffer': 5}),
    (None, 'protocol.buffer', '5', 'protocol_settings', {'buffer': 5}),
    (None, 'behavior.delay.sleep', '2', 'settings', {'delay': {'sleep': 2.0}}),
]
PROCESS_SETTINGS = [
    ('--seed', 'seed', '7', 'seed', 7),
    ('--grace', 'grace', '0', 'grace', 0.0),
    ('--end-with-parent', None, None, 'end_with_parent', True),
    (None, 'end_with_parent', 'yes', 'end_with_parent', True),
    ('--http', None, None, 'http', True),
    (None, 'http', 'yes', 'http', True),
    ('--http-host', 'http_host', '[::1]', 'http_host', '::1'),
    ('--http-port', 'http_port', '0', 'http_port', 0),
    ('--http-token', 'http_token', 'secret', 'http_token', 'secret'),
    ('--log-level', 'log_level', 'DEBUG', 'log_level', 'debug'),
    ('--log-output', 'log_output', '/tmp/x', 'log_output', '/tmp/x'),
]


def given(flag, key, value):
    """Return the ways to give a setting: keyword arguments of ``spec``."""
    ways = []
    if flag:
        ways.append(([flag] if value is None else [flag, value], None))
    if key:
        ways.append(([], f'[vaurien]\n{key} = {value}\n'))
    return ways


@pytest.mark.parametrize('flag, key, value, field, expected', SETTINGS)
def test_what_describes_the_proxy_is_taken(flag, key, value, field, expected):
    for argv, ini in given(flag, key, value):
        assert getattr(proxy(*argv, ini=ini), field) == expected


@pytest.mark.parametrize('flag, key, value, field, expected', PROCESS_SETTINGS)
def test_what_describes_the_process_is_taken(flag, key, value, field, expected):
    for argv, ini in given(flag, key, value):
        assert getattr(spec(*argv, ini=ini), field) == expected


STATSD = StatsdSpec(enabled=True, host='h', port=99, prefix='x.y', sample_rate=0.25)


def test_statsd_has_flags():
    assert spec('--statsd', '--statsd-host', 'h', '--statsd-port', '99', '--statsd-prefix', 'x.y',
                '--statsd-sample-rate', '0.25').statsd == STATSD


def test_statsd_has_a_section():
    ini = '[statsd]\nenabled = true\nhost = h\nport = 99\nprefix = x.y\nsample_rate = 0.25'
    assert spec(ini=ini).statsd == STATSD
    assert spec('--no-statsd', ini=ini).statsd.enabled is False


@pytest.mark.parametrize('flag, value, expected', [
    ('--timeout', '-1', 'a number of at least 0'),
    ('--timeout', 'inf', 'a number of at least 0'),
    ('--pool-max-size', '1.5', 'an integer of at least 0'),
    ('--backlog', '0', 'an integer from 1 to 65535'),
    ('--max-connections', 'many', 'an integer of at least 0'),
    ('--bufsize', '0', 'an integer of at least 1'),
    ('--seed', '-1', 'an integer of at least 0'),
    ('--grace', 'nan', 'a number of at least 0'),
    ('--http-port', '65536', 'an integer from 0 to 65535'),
    ('--http-host', 'a b', 'a host name or an address'),
    ('--http-host', '', 'a host name or an address'),
    ('--http-host', 'http://localhost', 'a host name or an address'),
    ('--log-level', 'loud', 'one of critical, error, warning, info, debug'),
    ('--statsd-sample-rate', '2', 'a number from 0 to 1'),
    ('--statsd-port', '0', 'an integer from 1 to 65535'),
    ('--proxy', 'localhost', 'HOST:PORT, [IPV6]:PORT or unix:/PATH with a port from 0 to 65535'),
    ('--backend', 'localhost:0', 'HOST:PORT, [IPV6]:PORT or unix:/PATH with a host and a port from 1 to 65535, embedded, or any'),
    ('--behavior', '60:delay,50:error',
     'percent:name[,percent:name...] with a sum of at most 100, such as 20:delay,10:error'),
    ('--protocol', 'tpc', 'one of tcp'),
    ('--behavior-delay-sleep', 'long', 'a number of at least 0'),
    ('--behavior-error-warmup', '-1', 'an integer of at least 0'),
    ('--behavior-delay-match', '(', pattern.expected),
])
def test_a_wrong_value_is_named_with_its_flag_and_what_is_allowed(flag, value, expected):
    message = refused(flag, value)
    if flag == '--protocol':
        assert re.fullmatch(r"--protocol: 'tpc' is not valid, expected one of .*\btcp\b.*", message)
    else:
        assert message == f'{flag}: {value!r} is not valid, expected {expected}'


def test_an_unknown_behavior_lists_the_known_ones():
    assert refused('--behavior', '10:dely') == (
        f"--behavior: 'dely' is not valid, expected one of {', '.join(own(Behavior))}")


def test_a_wrong_value_in_a_file_is_named_with_file_section_and_key():
    assert refused(ini='[behavior:delay]\nsleep = long') == (
        "main.ini [behavior:delay] sleep: 'long' is not valid, expected a number of at least 0")


# -- precedence

INI = '''
[vaurien]
backend = a:1
behavior = 20:delay
timeout = 7
behavior.error.kind = rude
protocol = talker

[behavior:delay]
sleep = 2
before = no

[proxy:cache]            ; comment
proxy = localhost:6380
backend = b:2
behavior = 5:error
behavior.error.warmup = 3 ; options for this proxy alone
behavior.delay.sleep = 4
'''


def test_the_command_line_wins_over_the_file(talker):
    found = proxy('--timeout', '9', '--behavior', 'hang', '--behavior-delay-sleep', '5', ini=INI)
    assert found.timeout == 9.0
    assert found.mix == (BehaviorSpec(name='hang'),)
    assert found.backend == 'a:1'
    assert found.settings == {'delay': {'sleep': 5.0, 'before': False}, 'error': {'kind': 'rude'}}


def test_what_the_command_line_says_of_plugins_holds_for_every_proxy(talker):
    _, cache = spec('--behavior-error-warmup', '9', '--timeout', '1', ini=INI).proxies
    assert cache.settings['error'] == {'warmup': 9}
    assert cache.timeout == 30.0


def test_what_the_command_line_says_of_the_proxy_is_that_of_the_first_proxy(talker):
    _, cache = spec('--behavior', 'hang', '--protocol', 'tcp', '--backend', 'z:9', '--no-stay-connected', ini=INI).proxies
    assert cache == spec(ini=INI).proxies[1]


def test_a_proxy_has_its_own_settings_and_shares_those_of_sections(talker):
    _, cache = spec(ini=INI).proxies
    assert cache == ProxySpec(
        name='cache', proxy='localhost:6380', backend='b:2', mix=(BehaviorSpec(name='error', percent=5.0),),
        settings={'delay': {'sleep': 4.0, 'before': False}, 'error': {'warmup': 3}})


def test_the_proxy_of_the_command_line_comes_first():
    ini = '[proxy:b]\nproxy = a:1\n[proxy:a]\nproxy = a:2\n[vaurien]\nproxy = a:3'
    assert [found.name for found in spec(ini=ini).proxies] == ['default', 'b', 'a']


def test_fleet_only_leaves_the_proxy_of_the_command_line_out(talker):
    assert [found.name for found in spec('--fleet-only', ini=INI).proxies] == ['cache']
    assert spec('--fleet-only', '--http').proxies == ()


def test_a_process_with_nothing_to_do_is_refused():
    assert refused('--fleet-only') == '--fleet-only: True is not valid, expected --http, --join or a [proxy:NAME] beside it'


@pytest.mark.parametrize('argv, ini, expected', [
    (['--bufsize', '5', '--protocol-tcp-buffer', '6'], None, 6),
    (['--protocol-tcp-buffer', '6', '--bufsize', '5'], None, 6),
    (['--bufsize', '5'], '[protocol:tcp]\nbuffer = 7', 5),
    ([], '[vaurien]\nbufsize = 8\n[protocol:tcp]\nbuffer = 7', 8),
    ([], '[protocol:tcp]\nbuffer = 7', 7),
])
def test_bufsize_is_the_protocols_buffer_where_nothing_nearer_is(argv, ini, expected):
    assert proxy(*argv, ini=ini).protocol_settings == {'buffer': expected}


def test_bufsize_of_the_command_line_holds_for_every_proxy():
    found = spec('--bufsize', '5', ini='[proxy:a]\nproxy = a:1\nbufsize = 6\n[proxy:b]\nproxy = b:1').proxies
    assert [one.protocol_settings for one in found] == [{'buffer': 5}] * 3


def test_settings_of_another_protocol_are_not_the_proxys(talker):
    found = proxy(ini='[protocol:talker]\nslow_start = 1\n[protocol:tcp]\nbuffer = 9')
    assert found.protocol_settings == {'buffer': 9}


def test_an_option_whose_value_is_no_plain_one_is_kept_as_text():
    assert proxy('--behavior-delay-match', '^GET ').settings == {'delay': {'match': '^GET '}}


def test_the_token_may_come_from_the_environment():
    environ = {'VAURIEN_HTTP_TOKEN': 'from-environment'}
    assert spec(environ=environ).http_token == 'from-environment'
    assert spec(environ=environ, ini='[vaurien]\nhttp_token = file').http_token == 'from-environment'
    assert spec('--http-token', 'flag', environ=environ).http_token == 'flag'
    assert spec(environ={'VAURIEN_HTTP_TOKEN': ''}, ini='[vaurien]\nhttp_token = file').http_token == 'file'


def test_sync_is_accepted_and_said_to_have_no_effect():
    assert configuration('--sync').notes == ('--sync has no effect',)
    assert configuration(ini='[vaurien]\nsync = yes').notes == ('main.ini [vaurien] sync has no effect',)
    assert configuration().notes == ()


# -- names in the file

@pytest.mark.parametrize('ini, message', [
    ('[vaurien]\nproksy = a:1', "main.ini [vaurien]: 'proksy' is not valid, expected a known name, the nearest is proxy"),
    ('[vaurien]\nconfig = x', "main.ini [vaurien]: 'config' is not valid, expected one of backend, backlog, "),
    ('[statsd]\nhots = x', "main.ini [statsd]: 'hots' is not valid, expected a known name, the nearest is host"),
    ('[statsd]\nzzz = x', "main.ini [statsd]: 'zzz' is not valid, expected one of enabled, host, port, prefix, sample_rate"),
    ('[behavior:delay]\nslep = 2',
     "main.ini [behavior:delay]: 'slep' is not valid, expected a known name, the nearest is sleep"),
    ('[proxy:a]\nseed = 2', "main.ini [proxy:a]: 'seed' is not valid, expected one of backend, backlog, "),
    ('[behavior:dely]\nsleep = 2',
     "main.ini: '[behavior:dely]' is not valid, expected a known name, the nearest is behavior:delay"),
    ('[behavior:]\nsleep = 2', "main.ini: '[behavior:]' is not valid, expected "),
    ('[vaurein]\nproxy = a:1', "main.ini: '[vaurein]' is not valid, expected a known name, the nearest is vaurien"),
    ('[zzz]\na = 1', "main.ini: '[zzz]' is not valid, expected one of behavior:abort, "),
    ('[zzz]', "main.ini: '[zzz]' is not valid, expected one of behavior:abort, "),
    ('[DEFAULT]\nproxy = a:1', "main.ini: '[DEFAULT]' is not valid, expected "),
    ('[proxy:]\nproxy = a:1', "main.ini: '[proxy:]' is not valid, expected "),
    ('[proxy:a b]\nproxy = a:1', "main.ini: '[proxy:a b]' is not valid, expected "),
    ('[proxy:default]\nproxy = a:1',
     "main.ini: '[proxy:default]' is not valid, expected another name: this one is that of the proxy of [vaurien]"),
    ('[vaurien]\nbehavior.dely.sleep = 1',
     "main.ini [vaurien] behavior.dely.sleep: 'dely' is not valid, expected a known name, the nearest is delay"),
    ('[vaurien]\nbehavior.delay.slep = 1',
     "main.ini [vaurien] behavior.delay.slep: 'slep' is not valid, expected a known name, the nearest is sleep"),
    ('[vaurien]\nbehavior.sleep = 1', "main.ini [vaurien] behavior.sleep: '' is not valid, expected one of abort, "),
    ('[vaurien]\nprotocol.bufer = 1',
     "main.ini [vaurien] protocol.bufer: 'bufer' is not valid, expected a known name, the nearest is buffer"),
    ('[vaurien]\ntoxic.latency = 1', "main.ini [vaurien]: 'latency' is not valid, expected "),
])
def test_an_unknown_name_in_a_file_is_told_with_the_nearest(ini, message):
    assert refused(ini=ini).startswith(message)


def test_an_unknown_name_in_an_extended_file_is_told_with_that_file():
    Path('base.ini').write_text('[vaurien]\nproksy = a:1')
    assert refused(ini='[vaurien]\nextends = base.ini').startswith("base.ini [vaurien]: 'proksy'")


def test_two_proxies_at_one_address_are_refused():
    ini = '[proxy:a]\nproxy = localhost:81\n[proxy:b]\nproxy = localhost:81'
    assert refused(ini=ini) == "proxy b: 'localhost:81' is not valid, expected an address other than that of proxy a"


def test_any_number_of_proxies_may_let_the_system_pick_a_port():
    assert len(spec('--proxy', 'a:0', ini='[proxy:a]\nproxy = a:0\n[proxy:b]\nproxy = a:0').proxies) == 3


# -- what cannot be together

def test_a_kind_that_the_protocol_does_not_have_is_named_with_its_flag(talker):
    assert refused('--protocol', 'talker', '--behavior', 'error', '--behavior-error-kind', 'polite') == (
        "--behavior-error-kind: 'polite' is not valid, expected one of the kinds of talker: rude")
    assert proxy('--protocol', 'talker', '--behavior', 'error', '--behavior-error-kind', 'rude').mix


def test_an_unknown_name_in_a_plan_is_refused_in_a_line_that_can_be_read():
    assert refused('--protocol', 'http', '--fault', '* = qqqq').endswith('see vaurien help http')
    assert refused('--protocol', 'http', '--fault', '* = 5033').endswith('the nearest is 503')


@pytest.mark.parametrize('words, line', [
    (['--http-times'], '--http-times: True is not valid, expected --http beside it'),
    (['--kinds', ''], "--kinds: '' is not valid, expected the path of a file"),
    (['--kinds', '  '], "--kinds: '  ' is not valid, expected the path of a file"),
], ids=' '.join)
def test_what_would_have_no_effect_is_refused(words, line):
    assert refused(*words) == line


def test_what_an_option_needs_may_be_said_elsewhere():
    assert spec('--http-times', '--toxiproxy').http_times
    assert spec('--http-times', ini='[vaurien]\nhttp = true').http_times
    assert refused(ini='[vaurien]\nkinds =') == "main.ini [vaurien] kinds: '' is not valid, expected the path of a file"


def test_a_kind_in_a_file_is_named_with_file_section_and_key(talker):
    ini = '[proxy:a]\nproxy = a:1\nprotocol = talker\nbehavior = 10:error\nbehavior.error.kind = polite'
    assert refused(ini=ini).startswith("main.ini [proxy:a] behavior.error.kind: 'polite' is not valid, expected one of the kinds")


def test_idle_connections_cannot_end_after_no_time():
    assert refused('--timeout', '0', '--no-stay-connected').startswith('--timeout: 0 is not valid, expected more than 0')
    assert proxy('--timeout', '0').timeout == 0.0


@pytest.mark.parametrize('host', ['0.0.0.0', '::', '192.0.2.1', 'localhost.example'])
def test_a_control_server_that_others_reach_needs_a_token(host):
    assert refused('--http', '--http-host', host).startswith(f'--http-host: {host!r} is not valid, expected localhost')
    assert spec('--http', '--http-host', host, '--http-token', 'x').http_host == host
    assert spec('--http-host', host).http is False
    assert spec('--http', '--http-host', host, '--http-allow', '10.0.0.0/8').http_host == host
    assert refused('--http', '--http-host', host, '--http-allow', 'vaurien').startswith('--http-host: ')


@pytest.mark.parametrize('text, read', [
    ('172.17.0.1/16', ('172.17.0.0/16',)), ('10.0.0.5', ('10.0.0.5/32',)), ('[::1], Toxiproxy', ('::1/128', 'toxiproxy')),
    ('', ()),
])
def test_who_may_connect_is_written_in_one_form(text, read):
    assert spec('--http', '--http-allow', text).http_allow == read
    assert spec(ini=f'[vaurien]\nhttp_allow = {text}').http_allow == read


@pytest.mark.parametrize('text', ['10.0.0.0/33', '10.0.0', '10.0.0.0.1', 'a,,b', 'http://a', 'a:80', '*', 'a b', '-a', '::1%lo'])
def test_what_is_no_network_and_no_name_is_refused_in_one_line(text):
    assert refused('--http', f'--http-allow={text}') == (
        f'--http-allow: {text!r} is not valid, expected networks such as 172.16.0.0/12, addresses and host names, with commas '
        'between them')
