"""The report on a terminal."""
import msgspec

from vaurien.scenario.report.text import milliseconds, write

from .reports import reported


def test_each_phase_is_a_row_under_its_headings():
    report = reported()
    lines, found = write(report).splitlines(), report.phases[0].total.latency
    assert lines[0].split() == ['PHASE', 'SECONDS', 'REQUESTS', 'PER', 'S', 'FAULTS', 'ERRORS', 'P50', 'P90', 'P99']
    times = ' '.join(map(milliseconds, (found.p50, found.p90, found.p99)))
    assert ' '.join(lines[1].split()) == f'steady 2.0 40 20.0 1 0 {times}'
    assert [line.split('  ')[0] for line in lines[2:5]] == ['out <&> down', 'total', 'after the last phase']
    assert '20 (50.0%)' in lines[2]
    assert {len(line) for line in lines[:5]} == {len(lines[0])}


def test_errors_are_told_by_kind_and_by_whose_they_are():
    lines = write(reported()).splitlines()[5:]
    assert lines[:2] == ["error 503: 10, the backend's own", 'error 503: 10, injected by error/503']


def test_what_became_of_plans_is_told_and_of_many_only_how_many():
    report = reported()
    lines = write(report).splitlines()
    assert lines[-2:] == ['plan of steady: SET * = readonly: not applied, why',
                          'plan of out <&> down: SET * = readonly: applied 1, matched 4']
    assert write(msgspec.structs.replace(report, phases=report.phases * 11)).splitlines()[-1] == 'and 2 entries of plans more'


def test_several_proxies_have_rows_of_their_own():
    lines = write(reported(proxies=('a', 'b'))).splitlines()
    assert [line.split('  ')[:2] for line in lines[1:4]] == [['steady', lines[1].split('  ')[1]], ['', 'a'], ['', 'b']]


def test_what_went_wrong_stands_at_the_end_in_one_line():
    assert write(reported('the port\nis taken')).splitlines()[-1] == r'failed: the port\nis taken'


def test_many_kinds_of_error_are_cut():
    report = reported()
    total = msgspec.structs.replace(report.total, errors=report.total.errors * 20)
    assert write(msgspec.structs.replace(report, total=total)).splitlines()[-3] == 'and 20 kinds more'


def test_times_have_three_digits_and_a_unit():
    assert [milliseconds(seconds) for seconds in (0.00012, 0.0123, 0.9994, 1.5)] == ['0.12 ms', '12.3 ms', '999 ms', '1.5 s']
