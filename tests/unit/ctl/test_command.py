"""vaurienctl's own parts: what it reads from a command line, and how it writes what it was answered."""
import pytest

from vaurien.ctl import command as ctl
from vaurien.ctl.command import read_host
from vaurien.ctl.commands import COMMANDS, UsageError, read_options
from vaurien.ctl.text import FAULTS, Column, clock, line, listing, rate, size, table
from vaurien.ctl.top import Rates


@pytest.mark.parametrize('words, options', [
    ([], {}),
    (['--sleep', '2'], {'sleep': '2'}),
    (['--sleep=2'], {'sleep': '2'}),
    (['--sleep', '-1'], {'sleep': '-1'}),
    (['--match', '^SET '], {'match': '^SET '}),
    (['--match=--a=b'], {'match': '--a=b'}),
    (['--match', ''], {'match': ''}),
    (['--inject'], {'inject': True}),
    (['--no-before'], {'before': False}),
    (['--inject', '--no-before', '--kind', 'oom'], {'inject': True, 'before': False, 'kind': 'oom'}),
    (['--strength-of-it', '3'], {'strength_of_it': '3'}),
])
def test_options_of_a_behavior_are_read(words, options):
    assert read_options(words) == options


@pytest.mark.parametrize('words, word', [(['2'], '2'), (['--sleep', '2', '3'], '3'), (['-s', '2'], '-s'), (['--', '2'], '--')])
def test_a_word_that_belongs_to_no_option_is_refused(words, word):
    with pytest.raises(UsageError, match=f"^'{word}' belongs to no option"):
        read_options(words)


@pytest.mark.parametrize('text, found', [
    ('http://localhost:8080', ('localhost', 8080)), ('http://localhost:9/', ('localhost', 9)), ('http://box', ('box', 8080)),
    ('localhost', ('localhost', 8080)), ('localhost:9', ('localhost', 9)), ('http://[::1]:9', ('::1', 9)),
    ('[::1]', ('::1', 8080)), ('HTTP://Box:9', ('box', 9)),
])
def test_a_host_is_a_url_or_host_and_port(text, found):
    assert read_host(text) == found


@pytest.mark.parametrize('text', ['', 'http://', 'https://localhost', 'ftp://localhost', 'http://localhost:port',
                                  'localhost:99999', 'http://localhost/behavior', 'http://localhost?x=1', 'http://me@localhost', 'http://[::1'])
def test_a_host_that_is_neither_is_refused(text):
    with pytest.raises(UsageError, match='--host: '):
        read_host(text)


COLUMNS = (Column('NAME', 'name'), Column('COUNT', lambda row: row['count'] + 1, right=True), Column('END', 'end'))


def test_a_table_is_aligned():
    rows = [{'name': 'a', 'count': 0, 'end': 'x'}, {'name': 'a long one', 'count': 999999, 'end': ''}]
    assert table(COLUMNS, rows).split('\n') == ['NAME          COUNT  END', 'a                 1  x', 'a long one  1000000']


def test_a_table_without_rows_is_its_headings():
    assert table(COLUMNS, []) == 'NAME  COUNT  END'


def test_what_a_peer_has_sent_cannot_steer_the_terminal():
    text = table(COLUMNS, [{'name': '\x1b[2Jé', 'count': 0, 'end': '\n'}])
    assert text.split('\n')[1] == '\\x1b[2Jé      1  \\n'
    assert listing({'name': '\x1b[2J'}) == 'name  \\x1b[2J'


def test_faults_that_come_one_by_one_stand_under_their_headings():
    fault = {'id': 7, 'time': 0, 'proxy': 'p', 'session': 1, 'exchange': 2, 'behavior': 'error', 'kind': 'oom',
             'request': 'SET k'}
    heads, row = line(FAULTS, None), line(FAULTS, fault)
    for title, text in (('PROXY', 'p '), ('BEHAVIOR', 'error'), ('KIND', 'oom'), ('REQUEST', 'SET k')):
        assert row[heads.index(title):].startswith(text)


def test_what_is_nested_is_listed_by_names_of_several_parts():
    shown = listing({'name': 'p', 'enabled': True, 'settings': {'delay': {'sleep': 2}}, 'toxics': [], 'stats': {'kind': None},
                     'mix': [{'name': 'delay', 'percent': 5.0, 'settings': {}}, {'name': 'error', 'settings': {'kind': 'oom'}}]})
    assert shown.split('\n') == [
        'name                  p', 'enabled               yes', 'settings.delay.sleep  2', 'stats.kind            -',
        'mix.1                 name=delay percent=5.0', 'mix.2                 name=error settings=kind=oom']


@pytest.mark.parametrize('count, text', [(0, '0 B'), (999, '999 B'), (1000, '1 kB'), (12_345, '12.3 kB'), (999_600, '1 MB'),
                                         (5 * 10 ** 9, '5 GB'), (10 ** 16, '10,000 TB')])
def test_bytes_have_three_digits_and_a_unit(count, text):
    assert size(count) == text


@pytest.mark.parametrize('value, text', [(0, '0.0'), (12.34, '12.3'), (1234.5, '1234')])
def test_rates_are_short(value, text):
    assert rate(value) == text


def test_a_time_of_day_has_milliseconds():
    assert clock(1.25).endswith(':01.250')


# -- rates

def counted(proxy, exchanges, from_client=0, from_backend=0, faults=0):
    return {'proxy': proxy, 'sessions': 3, 'exchanges': exchanges, 'from_client': from_client, 'from_backend': from_backend,
            'faults': faults}


def test_rates_are_what_was_counted_in_between_by_the_seconds():
    rates = Rates()
    rates.rows([counted('a', 10, 100, 100, 1)], 5.0)
    assert rates.rows([counted('a', 20, 150, 250, 2)], 7.0) == \
        [{'proxy': 'a', 'sessions': 3, 'exchanges': 5.0, 'bytes': 100.0, 'faults': 0.5}]


@pytest.mark.parametrize('before, name', [([], 'is new'), ([counted('a', 99)], 'was made anew')], ids=['new', 'anew'])
def test_a_proxy_that_was_not_there_before_has_no_rates_yet(before, name):
    rates = Rates()
    rates.rows(before, 5.0)
    assert [row['exchanges'] for row in rates.rows([counted('a', 20)], 6.0)] == [0.0]
    assert [row['exchanges'] for row in rates.rows([counted('a', 23)], 7.0)] == [3.0]


# -- the command line

@pytest.mark.parametrize('argv, words', [
    ([], 'COMMAND'), (['frobnicate'], 'invalid choice'), (['show'], 'NAME'),
    (['proxies', '--name'], 'unrecognized arguments: --name'),
    (['create', 'x'], '--backend'), (['kill', 'p', '0'], 'an integer of at least 1'), (['kill', 'p', 'x'], 'an integer'),
    (['top', '--interval', '0'], 'a number from 0.05'), (['top', '--interval', 'nan'], 'a number from 0.05'),
    (['proxies', '--timeout', 'inf'], 'a number from 0.001'), (['top', '--count', '-1'], 'an integer of at least 0'),
    (['faults', '--since', '1.5'], 'an integer of at least 0'), (['--host', 'ftp://x', 'proxies'], '--host'),
    (['--token', 'a\nb', 'proxies'], 'token'), (['set-behavior', 'delay', '3'], "'3' belongs to no option"),
])
def test_a_wrong_command_line_is_status_2(capsys, argv, words):
    assert ctl.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ''
    assert words in err
    assert 'Traceback' not in err


@pytest.mark.parametrize('argv', [['--help'], *([name, '--help'] for name in COMMANDS)])
def test_every_command_has_help(capsys, argv):
    assert ctl.main(argv) == 0
    assert capsys.readouterr().out.startswith('usage: vaurienctl')


def test_the_version_is_printed(capsys):
    assert ctl.main(['--version']) == 0
    assert capsys.readouterr().out == '3.0.dev0\n'
