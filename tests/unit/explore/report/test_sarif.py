"""The report as SARIF: what the standard wants to be there, and what code hosts need to show a result where it belongs."""
import json
from pathlib import Path

import pytest

from tests.unit.explore.report.reports import finding, place, report
from vaurien.explore.report.sarif import root_of, sarif
from vaurien.explore.verdicts.table import VERDICTS


def made(document, command=('pytest',), here=Path('/nowhere')):
    return json.loads(json.dumps(sarif(document, command, here)))


def test_it_has_what_the_standard_wants():
    document = made(report(finding(), finding(verdict='leak', level='WARN', letter='A')))
    assert document['version'] == '2.1.0'       # 3.13.2
    run, = document['runs']                     # 3.13.4
    driver = run['tool']['driver']              # 3.18.2
    assert driver['name'] == 'vaurien explore'  # 3.19.8
    assert all(rule['id'] and rule['shortDescription']['text'].endswith('.') for rule in driver['rules'])   # 3.49.3, 3.49.9
    assert all(set(one) <= {'executionSuccessful', 'exitCode'} and 'executionSuccessful' in one for one in run['invocations'])
    for result in run['results']:
        assert result['message']['text']        # 3.27.11
        assert driver['rules'][result['ruleIndex']]['id'] == result['ruleId']   # 3.27.6
        assert result['level'] in ('error', 'warning')      # 3.27.10
    assert [one['level'] for one in run['results']] == ['error', 'warning']


def test_a_result_is_at_the_line_of_its_test_as_the_repository_has_it(tmp_path):
    (tmp_path / '.git').mkdir()
    (tmp_path / 'sub' / 'tests').mkdir(parents=True)
    document = made(report(finding(place(file='tests/test_a b.py', line=7), place(file='', line=0, test='x'),
                                   place(file='../../elsewhere.py', test='y'))), ('sh', 'check.sh'), tmp_path / 'sub')
    first, second, third = document['runs'][0]['results']
    assert first['locations'][0]['physicalLocation'] == {
        'artifactLocation': {'uri': 'sub/tests/test_a%20b.py', 'uriBaseId': '%SRCROOT%'}, 'region': {'startLine': 7}}
    assert first['locations'][0]['logicalLocations'][0]['fullyQualifiedName'] == 'test_a.py::test_b'
    assert 'physicalLocation' not in second['locations'][0]
    assert 'physicalLocation' not in third['locations'][0]


def test_where_no_file_is_known_it_is_at_the_file_that_the_command_names(tmp_path):
    (tmp_path / 'check.sh').write_text('')
    result, = made(report(finding(place(file='', line=0))), ('/bin/sh', 'check.sh'), tmp_path)['runs'][0]['results']
    where = result['locations'][0]['physicalLocation']
    assert (where['artifactLocation']['uri'], where['region']) == ('check.sh', {'startLine': 1})


def test_a_place_is_known_again_by_what_it_is_and_not_by_its_line():
    def prints(*places, **more):
        return [one['partialFingerprints'] for one in made(report(finding(*places, **more)))['runs'][0]['results']]
    assert prints(place(line=7)) == prints(place(line=70, output='other'))
    different = [prints(place()), prints(place(site='GET a')), prints(place(test='t')), prints(mode='always'), prints(letter='E')]
    assert len({json.dumps(one) for one in different}) == len(different)


def test_what_is_accepted_is_suppressed():
    result, = made(report(finding(accepted=True)))['runs'][0]['results']
    assert result['suppressions'] == [{'kind': 'external', 'status': 'accepted'}]


@pytest.mark.parametrize('document, successful', [
    (report(), True), (report(ended='budget'), True), (report(ended='baseline'), False), (report(baseline=False), False),
], ids=['clean', 'budget', 'broken', 'none'])
def test_without_findings_it_has_no_results_and_says_whether_it_could_look(document, successful):
    run = made(document)['runs'][0]
    assert (run['results'], run['invocations']) == ([], [{'executionSuccessful': successful}])


def test_every_verdict_has_a_rule():
    for name in VERDICTS:
        rule, = made(report(finding(verdict=name)))['runs'][0]['tool']['driver']['rules']
        assert rule['id'] == name


def test_the_root_is_the_folder_of_the_repository(tmp_path):
    (tmp_path / 'a' / 'b').mkdir(parents=True)
    (tmp_path / 'a' / '.git').write_text('gitdir: elsewhere\n')     # a worktree has a file
    assert root_of(tmp_path / 'a' / 'b') == tmp_path / 'a'
