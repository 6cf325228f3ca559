"""What proxies are made with that are made later, and what of the command line is then nobody's."""
import json

import pytest

from tests.unit.config.configuring import configuration, new_folder, refused, spec  # noqa: F401
from vaurien.spec import LIMITS, ProxyDefaults, ProxySpec

ALL = {'timeout': 3.0, 'stay_connected': False, 'pool_max_size': 1, 'pool_timeout': 2.0, 'backlog': 4, 'max_connections': 5}
FLAGS = ('--timeout', '3', '--no-stay-connected', '--pool-max-size', '1', '--pool-timeout', '2', '--backlog', '4',
         '--max-connections', '5')
SECTION = '[proxy:a]\nproxy = a:1\n'


def test_nothing_said_is_what_a_spec_has():
    assert spec().defaults == ProxyDefaults()
    assert ProxyDefaults().make(name='a') == ProxySpec(name='a')


@pytest.mark.parametrize('argv', [(), ('--fleet-only', '--http'), ('--toxiproxy',)])
def test_all_limits_of_the_command_line_hold_for_later_proxies(argv):
    assert set(ALL) == set(LIMITS)
    assert spec(*argv, *FLAGS).defaults.limits == ALL


def test_the_command_line_wins_over_the_file_here_too():
    found = spec('--timeout', '3', ini='[vaurien]\ntimeout = 4\nbacklog = 7').defaults
    assert found.limits == {'timeout': 3.0, 'backlog': 7}


def test_options_of_plugins_that_are_said_for_all_proxies_hold_for_later_ones():
    ini = ('[vaurien]\nbehavior.error.warmup = 1\n[behavior:delay]\nsleep = 2\nbefore = no\n[protocol:tcp]\nbuffer = 5\n')
    found = spec('--behavior-delay-sleep', '3', '--protocol-http-keep-alive', ini=ini).defaults
    assert found.settings == {'delay': {'sleep': 3.0, 'before': False}}
    assert found.protocol_settings == {'tcp': {'buffer': 5}, 'http': {'keep_alive': True}}


def test_bufsize_is_the_buffer_of_each_protocol_unless_something_nearer_is_said():
    found = spec('--bufsize', '9', '--protocol-http-buffer', '8', ini='[protocol:redis]\nbuffer = 7').defaults
    assert {name: found.of_protocol(name) for name in ('tcp', 'http', 'redis')} == {
        'tcp': {'buffer': 9}, 'http': {'buffer': 8}, 'redis': {'buffer': 9}}


def test_sections_have_the_flags_where_there_is_no_proxy_of_the_command_line():
    assert spec('--timeout', '3', ini=SECTION).proxies[1].timeout == 30.0
    assert spec('--timeout', '3', '--fleet-only', ini=SECTION).proxies[0].timeout == 3.0
    assert spec('--timeout', '3', '--fleet-only', ini=f'{SECTION}timeout = 5').proxies[0].timeout == 5.0
    assert spec('--fleet-only', ini=f'[vaurien]\ntimeout = 3\n{SECTION}').proxies[0].timeout == 30.0


@pytest.mark.parametrize('more', [(), ('--fleet-only', '--http')])
def test_a_list_has_no_word_for_limits_and_so_has_those_of_all(more, new_folder):  # noqa: F811
    (new_folder / 'list.json').write_text(json.dumps([{'name': 'a', 'listen': 'a:1', 'upstream': 'b:1'}]))
    assert spec('--populate', 'list.json', '--timeout', '3', *more).proxies[-1].timeout == 3.0
    assert spec('--populate', 'list.json', *more, ini='[vaurien]\ntimeout = 4').proxies[-1].timeout == 4.0


@pytest.mark.parametrize('argv, beginning', [
    (('--timeout', 'x'), "--timeout: 'x' is not valid"), (('--backlog', '0'), "--backlog: '0' is not valid"),
    (('--timeout', '0', '--no-stay-connected'), '--timeout: 0 is not valid, expected more than 0'),
    (('--behavior-delay-sleep', 'x'), "--behavior-delay-sleep: 'x' is not valid"), (('--bufsize', 'x'), "--bufsize: 'x'"),
])
@pytest.mark.parametrize('more', [('--fleet-only', '--http'), ('--toxiproxy',)])
def test_a_wrong_value_is_refused_where_no_proxy_has_it_yet(argv, beginning, more):
    assert refused(*more, *argv).startswith(beginning)


@pytest.mark.parametrize('argv', [('--proxy', 'a:1'), ('--backend', 'b:1'), ('--protocol', 'http'), ('--behavior', 'delay'),
                                  ('--toxic', 'latency'), ('--link', 'dsl')])
def test_what_is_said_of_a_proxy_that_is_not_there_has_no_effect_and_says_so(argv):
    assert configuration(*argv).notes == ()
    assert configuration('--fleet-only', '--http', *argv).notes == (f'{argv[0]} has no effect beside --fleet-only',)
    assert configuration('--toxiproxy', *argv).notes == (f'{argv[0]} has no effect beside --toxiproxy',)


def test_a_file_may_say_what_is_left_out():
    assert configuration('--fleet-only', '--http', ini='[vaurien]\nbackend = a:1\nbehavior = delay').notes == ()
