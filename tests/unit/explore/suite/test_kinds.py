"""How each kind of suite is started, and one of its tests alone."""
import pytest

from vaurien.explore.suite.kinds import EACH, PYTEST, UNITTEST, suite_of


@pytest.mark.parametrize('command, each, kind', [
    (['pytest', 'tests'], '', PYTEST), (['python3', '-m', 'pytest'], '', PYTEST), (['/usr/bin/py.test'], '', PYTEST),
    (['python3', '-m', 'unittest', 'discover'], '', UNITTEST), (['unittest'], '', ''), (['./check.sh'], '', ''),
    (['sh', '-c', 'x {test}'], 'x {test}', EACH),
])
def test_the_kind_is_told_by_the_command(command, each, kind):
    assert suite_of(command, each).kind == kind


def test_a_test_of_its_own_is_started_by_its_name_which_a_shell_reads():
    suite = suite_of(['sh', '-c', 'go test -run {test}'], 'go test -run {test}')._replace(tests=('A', 'B C'))
    assert [name for name, _ in suite.commands(None)] == ['A', 'B C']
    assert list(suite.commands(['B C'])) == [('B C', ('sh', '-c', "go test -run 'B C'"))]
    assert suite.narrowed('A') == ['sh', '-c', 'go test -run A']
    assert not suite.brings({})


def test_unittest_is_stood_in_for_and_given_one_name():
    suite = suite_of(['python3', '-m', 'unittest', 'discover', '-s', 't'])
    assert list(suite.commands(None)) == [('', ('python3', '-m', 'vaurien_unittest', 'discover', '-s', 't'))]
    assert suite.narrowed('a.B.test_c') == ['python3', '-m', 'unittest', 'discover', '-s', 't', '-k', 'a.B.test_c']
    assert list(suite.brings({})) == ['PYTHONPATH']


def test_pytest_gets_a_plugin_beside_those_that_it_has_and_one_test_in_place_of_all(tmp_path, monkeypatch):
    (tmp_path / 'tests').mkdir()
    monkeypatch.chdir(tmp_path)
    suite = suite_of(['pytest', '-q', 'tests'])
    assert suite.brings({'PYTEST_PLUGINS': 'own', 'PYTHONPATH': '/a'})['PYTEST_PLUGINS'] == 'own,vaurien_explored'
    assert suite.brings({'PYTHONPATH': '/a'})['PYTHONPATH'].endswith(':/a')
    assert suite.narrowed('tests/test_a.py::test_b') == ['pytest', '-q', 'tests/test_a.py::test_b']
    (tmp_path / 'pytest').mkdir()       # a folder that is called so names no tests
    suite = suite_of(['python3', '-m', 'pytest', 'tests', '-n', '4']).in_one_process()
    assert suite.narrowed('t.py::t') == ['python3', '-m', 'pytest', '-n', '4', '-n', '0', 't.py::t']


def test_any_other_command_is_one_test():
    suite = suite_of(['./check.sh', 'a'])
    assert list(suite.commands(None)) == [('command', ('./check.sh', 'a'))]
    assert suite.narrowed('command') == ['./check.sh', 'a']
    assert not suite.tells
