"""``bench``: what is said of figures is as sure as it looks, and what is kept is read again as it was."""
import os
import shutil
import sys
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import report
from bench.machine import counting, described, quiet
from bench.measurements import MEASUREMENTS
from bench.report import history, intervals
from tests.support.processes import MissingServer

sys.path.insert(0, str(Path(__file__).parents[2] / 'docs' / '_ext'))
import vaurien_docs_bench as page  # noqa: E402 - found by the line above

SMTP = next(one for one in MEASUREMENTS if one.name == 'smtp')
KEYS = ('haproxy', 'smtp', 'rate'), ('vaurien smtp', 'smtp', 'rate')
THEIRS, OURS = [100.0, 200.0, 100.0, 400.0, 100.0], [90.0, 200.0, 110.0, 320.0, 95.0]


def results(others=0.0, ours=OURS):
    return report.Results([SMTP], ['haproxy', 'vaurien smtp'], ['haproxy'], dict(zip(KEYS, (THEIRS, ours), strict=True)),
                          {('vaurien smtp', 'smtp'): [others] * 5})


def test_ratio_is_the_median_of_pairs_and_its_interval_is_always_the_same():
    assert intervals.ratio(OURS, THEIRS) == (0.95, 0.8, 1.1)
    assert str(intervals.ratio(OURS, THEIRS)) == '0.95 (0.80 to 1.10)'
    assert intervals.interval([0.9 + number / 100 for number in range(21)]) == pytest.approx((0.96, 1.04))


def test_interval_gets_narrower_with_more_rounds_and_has_no_width_where_nothing_differs():
    few, many = (intervals.interval([0.9, 1.0, 1.1] * times) for times in (1, 40))
    assert few == (0.9, 1.1)
    assert many == (1.0, 1.0)
    assert intervals.interval([0.5] * 7) == (0.5, 0.5)


def test_interval_holds_the_true_median_about_as_often_as_it_says():
    from random import Random
    random = Random(1)
    held = sum(low <= 1 <= high for low, high in
               (intervals.interval([random.gauss(1, 0.1) for _ in range(15)]) for _ in range(100)))
    assert 88 <= held <= 100


@pytest.mark.parametrize('ones, others, expected', [
    ([3.0, None, 4.0], [2.0, 2.0, 2.0], '1.75'), ([3.0], [2.0], '1.50'), ([None], [2.0], 'None'), ([3.0], [0.0], 'None'),
    ([3.0], [], 'None')], ids=['two pairs', 'one pair', 'failed', 'by nothing', 'none'])
def test_too_few_rounds_have_no_interval(ones, others, expected):
    assert str(intervals.ratio(ones, others)) == expected


def test_table_has_intervals_and_marks_what_was_disturbed():
    assert '0.95 (0.80 to 1.10)' in report.table(results())
    assert 'vaurien smtp !' in report.table(results(0.2))
    assert '!' not in report.table(results(0.05))


def test_table_of_rows_without_any_to_compare_with():
    alone = report.Results([SMTP], ['vaurien smtp'], ['haproxy'], {KEYS[1]: [90.0]}, {})
    assert report.table(alone).split() == ['smtp', 'req/s', 'us/req', 'vaurien', 'smtp', '90', '-']


def test_history_is_read_as_it_was_kept(tmp_path):
    path, run = tmp_path / 'history.csv', history.Run('2026-01-02', '3.0', 'abc', '2 x Z80')
    expected = history.Entry('2026-01-02', '3.0', 'abc', '2 x Z80', 'smtp', 'req/s', 'vaurien smtp', 'haproxy',
                             '0.950', '0.800', '1.100', '5', '0.20')
    for count in (1, 2):
        assert history.keep(history.entries(results(0.2), run), path) == 1
        assert history.read(path) == [expected] * count
    path.write_text(path.read_text() + 'one,two\n')
    with pytest.raises(ValueError, match='line 4: the columns are date, version'):
        history.read(path)


def test_what_is_kept_in_the_docs_can_be_read_and_names_no_host():
    entries = history.read()
    assert entries
    assert not any(os.uname().nodename in field for entry in entries for field in entry)


def test_page_shows_the_newest_run_and_the_picture_all(tmp_path):
    path = tmp_path / 'history.csv'
    for date, ours in (('2026-01-02', OURS), ('2026-02-03', [2 * one for one in THEIRS])):
        history.keep(history.entries(results(0.2, ours), history.Run(date, '3.0', 'abc', '2 x Z80')), path)
    text = page.history(path)
    assert '2026-02-03, 3.0, revision abc, 2 x Z80; others used up to 0.20 processors meanwhile:' in text
    assert '2.00 (2.00 to 2.00)' in text
    assert '0.95' not in text
    assert page.drawn(page.read(path)).splitlines()[6:] == [
        '<text x="320" y="43" text-anchor="end">smtp: vaurien smtp / haproxy</text>',
        '<circle cx="525" cy="39" r="2.5" fill="#8d99ae"/>',
        '<line x1="740" x2="740" y1="39" y2="39" stroke="#b23a48" stroke-width="2"/>',
        '<circle cx="740" cy="39" r="3.5" fill="#b23a48"><title>2.00 (2.00 to 2.00)</title></circle>', '</svg>']


def test_machine_is_described_without_its_name():
    assert described.plain('AMD(R) EPYC(TM), 7B13 CPU @ 2.45GHz') == 'AMD EPYC 7B13'
    assert os.uname().nodename not in described.machine()
    assert ',' in described.machine()


def test_programs_and_what_the_host_takes_are_busy_and_interrupts_are_not():
    stat = 'cpu  100 20 30 9000 50 7 8 4 0 0\ncpu0 1 1 1 1\n'
    assert quiet.busy(stat) == 154 * quiet.TICK


def test_what_others_use_is_seen_and_what_we_use_is_not(monkeypatch):
    busy, own = iter((10.0, 13.0)), iter((1.0, 2.0))
    processes = iter(({(1, 'init'): 1.0}, {(1, 'init'): 2.5, (os.getpid(), 'us'): 9.0}))
    monkeypatch.setattr(quiet, 'busy', lambda stat: next(busy))
    monkeypatch.setattr(quiet, 'own', lambda: next(own))
    monkeypatch.setattr(quiet, 'processes', lambda: next(processes).items())
    others = quiet.Look(100.0).others(110.0)
    assert others == (0.2, (('init', 0.15),))
    assert others.loud
    assert str(others) == f'others use 0.20 of {quiet.CORES} processors, init 0.15'


def test_a_loud_machine_is_refused_where_a_quiet_one_is_wanted(monkeypatch, capsys):
    monkeypatch.setattr(command, 'LOOK', 0)
    monkeypatch.setattr(command.Look, 'others', lambda *_: quiet.Others(0.5, (('make', 0.5),)))
    command.alone(wanted=False)
    assert capsys.readouterr().out == f'others use 0.50 of {quiet.CORES} processors, make 0.50\n'
    with pytest.raises(SystemExit, match='--quiet: others use 0.50 .* at most 0.1 is allowed'):
        command.alone(wanted=True)


@pytest.mark.parametrize('printed', ['<not supported>,,instructions:u,0,100.00,,\n', '', 'Error: no such thing\n'],
                         ids=['not supported', 'nothing', 'an error'])
def test_perf_that_counts_nothing_is_seen(printed):
    assert counting.counted('12345,,instructions:u,7,100.00,,\n') == 12345
    with pytest.raises(RuntimeError, match='perf has counted nothing'):
        counting.counted(printed)


@pytest.mark.skipif(not shutil.which('perf'), reason='there is no perf on this machine')
def test_perf_counts_what_a_process_does(tmp_path):
    perf = counting.Perf(shutil.which('perf'), 'task-clock:u')
    printed = '12.5,msec,task-clock:u,1,100.00,,\n'
    with pytest.raises(RuntimeError, match='perf has counted nothing'):
        counting.counted(printed)
    try:
        counted = counting.Perf(perf.path, 'page-faults:u').count(os.getpid(), tmp_path, lambda: bytearray(50_000_000))
    except RuntimeError as refused:
        pytest.skip(f'no process may be counted here: {refused}')
    assert counted > 0


def test_a_machine_that_counts_nothing_says_so(monkeypatch, capsys):
    def nothing(*names):
        raise MissingServer(names[0])
    monkeypatch.setattr(counting, 'program', nothing)
    assert command.count_instructions(None, 1.0)
    assert capsys.readouterr().err == 'no instruction counts: perf counts none on this machine, and it has no valgrind\n'
