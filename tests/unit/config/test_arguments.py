"""The command line's parser: what has a flag, how values are kept, how mistakes are named, and the help."""
import pytest

from vaurien.config.arguments import Plugin, early, full_parser, mentioned, parse
from vaurien.config.settings import STATSD, VAURIEN, flag_of
from vaurien.errors import ConfigError, RegistrationError
from vaurien.options import Given, Option
from vaurien.plugins import WITH_FLAGS, open_catalog

CATALOG = {
    'behavior': {
        'late': Plugin('It is 100% late.', {'wait_for': Option('Seconds, 50% or more', float, 1.0),
                                            'often': Option('Whether always', bool, True)}),
        'my-fault': Plugin('', {'mode': Option('How', str, 'a', ('a', 'b'))}),
    },
    'protocol': {'echo': Plugin('It echoes.', {'size': Option('Bytes', int, None)})},
}


def refused(*argv):
    with pytest.raises(ConfigError) as caught:
        parse(argv, CATALOG)
    return str(caught.value)


@pytest.mark.parametrize('key', [*VAURIEN, *STATSD])
def test_every_setting_has_a_flag(key):
    flag = flag_of(key)
    option = {**VAURIEN, **STATSD}[key]
    if option.type is bool:
        assert parse([flag], CATALOG) == {key: Given(True, flag)}
        assert parse([f'--no-{flag[2:]}'], CATALOG) == {key: Given(False, f'--no-{flag[2:]}')}
    else:
        assert parse([flag, 'x'], CATALOG) == {key: Given('x', flag)}


@pytest.mark.parametrize('argv, key, value', [
    (['--behavior-late-wait-for', '3'], 'behavior.late.wait_for', '3'),
    (['--behavior-late-wait-for=3'], 'behavior.late.wait_for', '3'),
    (['--behavior-late-often'], 'behavior.late.often', True),
    (['--no-behavior-late-often'], 'behavior.late.often', False),
    (['--behavior-my-fault-mode', 'b'], 'behavior.my-fault.mode', 'b'),
    (['--protocol-echo-size', '-3'], 'protocol.echo.size', '-3'),
])
def test_every_option_of_a_plugin_has_a_flag(argv, key, value):
    assert parse(argv, CATALOG) == {key: Given(value, argv[0].partition('=')[0])}


def test_nothing_given_is_nothing():
    assert parse([], CATALOG) == {}


def test_the_last_of_two_values_counts():
    assert parse(['--seed', '1', '--seed', '2'], CATALOG)['seed'].value == '2'


def test_plugins_add_up():
    assert early(['--plugin', 'one', '--plugin=two'])[0]['plugin'].value == 'one\ntwo'


def test_what_concerns_all_is_read_before_the_flags_are_known():
    found, rest = early(['--behavior-late-wait-for', '3', '--config', 'a.ini', '--http', '--plugin', 'one'])
    assert found == {'config': Given('a.ini', '--config'), 'plugin': Given('one', '--plugin')}
    assert rest == ['--behavior-late-wait-for', '3', '--http']


@pytest.mark.parametrize('argv, message', [
    (['--proxy'], "--proxy: '' is not valid, expected HOST:PORT, [IPV6]:PORT or unix:/PATH with a port from 0 to 65535"),
    (['--seed', '--http'], "--seed: '' is not valid, expected an integer of at least 0"),
    (['--http=yes'], "--http: 'yes' is not valid, expected no value"),
    (['--no-http=yes'], "--http: 'yes' is not valid, expected no value"),
    (['--behaviour', 'x'], "command line: '--behaviour' is not valid, expected a known name, the nearest is --behavior"),
    (['--behavior-late-wait=3'],
     "command line: '--behavior-late-wait=3' is not valid, expected a known name, the nearest is --behavior-late-wait-for"),
    (['--zzz'], "command line: '--zzz' is not valid, expected a flag that --help-all lists"),
    (['rnu'], "command line: 'rnu' is not valid, expected a known name, the nearest is run"),
    (['--http', 'help'], "command line: 'help' is not valid, expected that word before all others: vaurien help ..."),
    (['localhost:80'], "command line: 'localhost:80' is not valid, expected a flag that --help-all lists"),
    (['-p', '80'], "command line: '-p' is not valid, expected a flag that --help-all lists"),
    (['--prox', 'a:1'], "command line: '--prox' is not valid, expected a known name, the nearest is --proxy"),
])
def test_a_mistake_is_named_in_one_line(argv, message):
    assert refused(*argv) == message


def test_two_options_with_the_same_flag_are_refused():
    option = {'b_c': Option('x', int, 1)}
    catalog = {'behavior': {'a': Plugin('', option), 'a-b': Plugin('', {'c': Option('x', int, 1)})}}
    with pytest.raises(RegistrationError, match=r'behavior\.a-b\.c cannot have a flag: .*--behavior-a-b-c'):
        parse(['--no-such-flag'], catalog)


@pytest.mark.parametrize('argv, kinds', [
    ([], {}), (['--seed', '5', '--backend', '--behavior-no'], {}), (['--behavior-delay-sleep', '2'], {'behavior': ['delay']}),
    (['--no-behavior-delay-before', '--protocol-redis-buffer=9'], {'behavior': ['delay'], 'protocol': ['redis']}),
    (['--behavior-nosuch-x=1'], {}),
])
def test_flags_are_made_of_those_plugins_that_the_command_line_has_flags_of(argv, kinds):
    found = mentioned(argv, open_catalog(WITH_FLAGS)[0])
    assert {kind: list(plugins) for kind, plugins in found.items() if plugins} == kinds


@pytest.mark.parametrize('flag', ['--help', '-h', '--help-all'])
def test_where_all_are_shown_all_are_wanted(flag):
    assert mentioned(['--seed', '5', flag], open_catalog(WITH_FLAGS)[0]) is None


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as caught:
        early(['--seed', 'x', '--version'])
    assert caught.value.code == 0
    assert capsys.readouterr().out == '3.0.dev0\n'


@pytest.fixture
def help_text(monkeypatch):
    monkeypatch.setenv('COLUMNS', '200')
    return full_parser(CATALOG).format_help()


def test_the_help_has_a_heading_for_each_group_and_plugin(help_text):
    for heading in ('the proxy:', 'the process:', 'the control server:', 'the log:', 'statsd:',
                    'behavior late:', 'behavior my-fault:', 'protocol echo:'):
        assert f'\n{heading}\n' in help_text
    assert 'It is 100% late.' in help_text


@pytest.mark.parametrize('line', [
    '--backend HOST:PORT Where to connect to',
    '--timeout N Seconds to connect to the backend',
    '(default: 100:dummy)',
    '--http, --no-http Run the control server (default: off)',
    '--stay-connected, --no-stay-connected Leave idle connections open',
    '--behavior-late-wait-for N Seconds, 50% or more (default: 1)',
    '--behavior-late-often, --no-behavior-late-often Whether always (default: on)',
    '--behavior-my-fault-mode TEXT How; one of a, b (default: a)',
    '--protocol-echo-size N Bytes\n',
    '--log-level LEVEL The least that is logged; one of critical, error, warning, info, debug (default: info)',
])
def test_the_help_describes_each_flag_with_its_default(help_text, line):
    squeezed = '\n'.join(' '.join(text.split()) for text in help_text.split('\n')).replace('\nLeave', ' Leave') \
        .replace('\nWhether', ' Whether')
    assert line in squeezed
