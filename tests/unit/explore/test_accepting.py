"""What is known is written by a report, read again, and told from what is new."""
import msgspec
import pytest

from vaurien.errors import ConfigError
from vaurien.explore import accepting
from vaurien.explore.accepting import Known


def report(path, *sites):
    """Write a report of one finding at some sites."""
    finding = {'verdict': 'hang', 'level': 'FAIL', 'proxy': 'cache', 'class': 'D', 'mode': 'once', 'kinds': ['hang'],
               'sites': list(sites), 'tests': ['a'], 'detail': 'silence', 'again': 'vaurien run', 'accepted': False}
    path.write_bytes(msgspec.json.encode({
        'version': 1, 'vaurien': '3', 'command': ['a'], 'level': 1, 'ended': '', 'baseline': None, 'findings': [finding],
        'unstable': [], 'faults': 1, 'kept': 0, 'left': 0, 'unmet': 0, 'unconfirmed': 0, 'runs': 1, 'seconds': 1.0}))
    return str(path)


def test_each_place_of_a_finding_is_known_from_then_on(tmp_path, capsys):
    known = str(tmp_path / 'known')
    assert accepting.accept([known, report(tmp_path / 'report', 'GET ?', 'BLPOP jobs')]) == 0
    assert capsys.readouterr().out == f'2 known places of 1 findings in {known}\n'
    assert accepting.read_accepted(known) == {Known('hang', 'cache', 'D', 'once', site) for site in ('GET ?', 'BLPOP jobs')}
    assert accepting.read_accepted('') == frozenset()


@pytest.mark.parametrize('argv', [[], ['a', 'b', 'c'], ['--all'], ['known', 'no such report']], ids=str)
def test_what_cannot_be_accepted_is_refused(argv, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match='explore accept'):
        accepting.accept(argv)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_none_of_explore_is_refused(tmp_path):
    (tmp_path / 'known').write_text('{"version": 1, "findings": 7}')
    with pytest.raises(ConfigError, match='a file that explore has written'):
        accepting.read_accepted(str(tmp_path / 'known'))
