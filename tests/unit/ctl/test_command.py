"""vaurienctl's own parts: what it reads from a command line, and how it writes what it was answered."""
import pytest

from vaurien.ctl import command as ctl
from vaurien.ctl.commands.older import OLDER
from vaurien.ctl.commands.proxies import read_options
from vaurien.ctl.commands.table import COMMANDS
from vaurien.ctl.results import UsageError
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
    (['--header', 'a: 1', '--header=b: 2', '--status', '9', '--header', 'c'], {'header': ['a: 1', 'b: 2', 'c'], 'status': '9'}),
])
def test_options_of_a_behavior_are_read(words, options):
    assert read_options(words) == options


@pytest.mark.parametrize('words, word', [(['2'], '2'), (['--sleep', '2', '3'], '3'), (['-s', '2'], '-s'), (['--', '2'], '--')])
def test_a_word_that_belongs_to_no_option_is_refused(words, word):
    with pytest.raises(UsageError, match=f"^'{word}' belongs to no option"):
        read_options(words)


COLUMNS = (Column('NAME', 'name'), Column('COUNT', lambda row: row['count'] + 1, right=True), Column('END', 'end'))


def test_a_table_is_aligned():
    rows = [{'name': 'a', 'count': 0, 'end': 'x'}, {'name': 'a long one', 'count': 999999, 'end': ''}]
    assert table(COLUMNS, rows).split('\n') == ['NAME          COUNT  END', 'a                 1  x', 'a long one  1000000']


def test_a_table_without_rows_is_its_headings():
    assert table(COLUMNS, []) == 'NAME  COUNT  END'


def test_a_table_that_has_no_room_cuts_its_widest_texts():
    rows = [{'name': 'a' * 30, 'count': 999999, 'end': 'b' * 20}]
    for width in (61, 200, 0):
        assert table(COLUMNS, rows, width) == table(COLUMNS, rows)
    shown = table(COLUMNS, rows, 41).split('\n')
    assert shown[1] == f'{"a" * 14}…  1000000  {"b" * 14}…'


def test_a_table_keeps_numbers_whole_and_eight_characters_of_each_text():
    rows = [{'name': 'a' * 30, 'count': 999999, 'end': 'b' * 20}]
    assert table(COLUMNS, rows, 5).split('\n')[1] == f'{"a" * 7}…  1000000  {"b" * 7}…'


def test_a_row_that_comes_alone_ends_where_the_terminal_does():
    fault = {'id': 7, 'time': 0, 'proxy': 'p', 'session': 1, 'exchange': 2, 'behavior': 'error', 'kind': 'oom',
             'request': 'SET ' + 'k' * 200}
    assert len(line(FAULTS, fault, 100)) == 100
    assert line(FAULTS, fault, 100) == line(FAULTS, fault)[:99] + '…'


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
    ([], 'COMMAND'), (['frobnicate'], "'frobnicate' is not valid, expected one of proxies, show,"),
    (['prxies'], 'mark, sessions, kill, faults, top, busy; did you mean proxies?'), (['show'], 'PROXY'),
    (['add-toxic', 'p'], 'TYPE'),
    (['proxies', '--name'], 'unrecognized arguments: --name'),
    (['create', 'x'], '--backend'), (['kill', 'p', '0'], 'an integer of at least 1'), (['kill', 'p', 'x'], 'an integer'),
    (['top', '--interval', '0'], 'a number from 0.05'), (['top', '--interval', 'nan'], 'a number from 0.05'),
    (['proxies', '--timeout', 'inf'], 'a number from 0.001'), (['top', '--count', '-1'], 'an integer of at least 0'),
    (['faults', '--since', '1.5'], 'an integer of at least 0'), (['--host', 'ftp://x', 'proxies'], '--host'),
    (['--token', 'a\nb', 'proxies'], 'token'), (['set-behavior', 'delay', '3'], "'3' belongs to no option"),
    (['behavior', 'p', '--kind', '503'], "which behavior is missing before '--kind'"),
    (['add-toxic', 'p', 'latency', 'x'], "'x' is no attribute, expected NAME=VALUE"),
    (['toxic', 'add', 'p'], 'which toxic is missing'),
])
def test_a_wrong_command_line_is_status_2(capsys, argv, words):
    assert ctl.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ''
    assert words in err
    assert 'Traceback' not in err
    assert err.count('\n') == 1


@pytest.mark.parametrize('argv', [['--help'], *([name, '--help'] for name in COMMANDS | OLDER)])
def test_every_command_has_help(capsys, argv):
    assert ctl.main(argv) == 0
    assert capsys.readouterr().out.startswith('usage: vaurienctl')


def test_the_version_is_printed(capsys):
    assert ctl.main(['--version']) == 0
    assert capsys.readouterr().out == '3.0.dev0\n'


def test_help_lists_what_there_is_in_its_one_form(capsys):
    ctl.main(['--help'])
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith('    ') and line[4] != ' '}
    assert listed == set(COMMANDS)


def test_each_command_about_a_proxy_takes_it_first():
    for name, command in COMMANDS.items():
        words = [argument.name for argument in command.arguments if not argument.name.startswith('-')]
        assert words[:1] in ([], ['proxy']) or name in ('plan', 'mark'), name    # of the process
