"""Findings as lines that GitHub's runners show at the lines of the tests."""
from pathlib import Path

import pytest

from tests.unit.explore.report.reports import finding, place, report
from vaurien.explore.report.annotations import annotations

RUNNER = {'GITHUB_ACTIONS': 'true'}
NOWHERE = Path('/nowhere')


def test_each_place_is_a_line_at_the_line_of_its_test():
    one = finding(place(file='t/a,b.py', line=7, detail='100% lost'), place(file='', line=0))
    first, second = annotations(report(one), ('pytest',), NOWHERE, RUNNER)
    head = '::error file=t/a%2Cb.py,line=7,title=double-effect (lost-reply once)::'
    assert first.startswith(f'{head}redis: RPUSH jobs: 100%25 lost, in ')
    assert '%0Aagain: vaurien run' in first
    assert second.startswith('::error title=double-effect')


def test_a_warn_is_a_warning_and_what_is_known_is_left_out():
    some = finding(level='WARN', verdict='leak'), finding(accepted=True)
    assert [line.partition(' ')[0] for line in annotations(report(*some), ('pytest',), NOWHERE, RUNNER)] == ['::warning']


@pytest.mark.parametrize('environ', [{}, {'GITHUB_ACTIONS': 'false'}], ids=['no', 'false'])
def test_nobody_else_gets_them(environ):
    assert list(annotations(report(finding()), ('pytest',), NOWHERE, environ)) == []
