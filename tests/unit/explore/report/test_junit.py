"""The report as JUnit writes it."""
import xml.etree.ElementTree as xml

import pytest

from vaurien.explore.report.document import Document, Found
from vaurien.explore.report.junit import junit


def finding(level, test, accepted=False, detail='<gone> & "lost"\x00'):
    sites = 'RPUSH <a>',
    return Found('double-effect', level, 'redis', 'C', 'once', ('lost-reply',), sites, (test,), detail, 'vaurien run', accepted)


def read(*findings, tests=('t/test_a.py::test_b', 'mod.Class.test_c')):
    report = Document(1, '3', ('pytest',), 1, '', None, findings, (), 1, 0, 0, 0, 0, 1, 2.5)
    return xml.fromstring(junit(report, tests).encode())[0]


def test_each_test_is_a_case_and_a_fail_its_failure():
    suite = read(finding('FAIL', 't/test_a.py::test_b'), finding('WARN', 'mod.Class.test_c'))
    assert {name: suite.get(name) for name in ('tests', 'failures', 'errors')} == {'tests': '2', 'failures': '1', 'errors': '0'}
    first, second = suite
    assert (first.get('classname'), first.get('name')) == ('t/test_a.py', 'test_b')
    assert first[0].get('message') == 'double-effect: <gone> & "lost"\ufffd'
    assert 'again:  vaurien run' in first[0].text
    assert (second.get('classname'), second.get('name'), second[0].tag) == ('mod.Class', 'test_c', 'system-out')


def test_what_is_accepted_is_no_failure():
    suite = read(finding('FAIL', 't/test_a.py::test_b', accepted=True))
    assert suite.get('failures') == '0'
    assert '(accepted)' in suite[0][0].text


@pytest.mark.parametrize('tests', [(), []], ids=['none', 'empty'])
def test_no_baseline_is_an_error(tests):
    suite = read(tests=tests)
    assert (suite.get('errors'), suite[0][0].tag) == ('1', 'error')
