"""Plans of a command line, an INI file and a file of their own."""
from pathlib import Path

import pytest

from vaurien.config.files.reading import MAX_FILE_BYTES
from vaurien.spec import FaultSpec

from .configuring import new_folder, refused, spec  # noqa: F401 - a fixture

REDIS = ('--protocol', 'redis')
ONE, TWO = FaultSpec(name='readonly', request='SET *', nth=2), FaultSpec(name='hang', proxy='default', request='GET a')


def plan(text, name='plan.toml'):
    Path(name).write_text(text)
    return '--plan', name


def test_entries_of_single_flags_come_before_those_of_a_file():
    found = spec(*REDIS, *plan('[[fault]]\nname = "abort"'), '--fault', 'SET * #2 = readonly', '--fault', 'default: GET a = hang')
    assert (found.plan, found.strict) == ((ONE, TWO, FaultSpec(name='abort')), False)


def test_an_ini_file_has_them_a_line_each():
    found = spec(ini='[vaurien]\nprotocol = redis\nfault = SET * #2 = readonly\n    default: GET a = hang\nstrict = yes')
    assert (found.plan, found.strict) == ((ONE, TWO), True)


def test_there_is_none_where_none_is_given():
    assert spec().plan == ()


@pytest.mark.parametrize('argv, message', [
    (('--fault', 'SET *'), "--fault: 'SET *' is not valid, expected [PROXY: ]GLOB"),
    (('--fault', '* = readonly'), "--fault name: 'readonly' is not valid, expected one of abort, "),
    ((*REDIS, '--fault', '* = readnly'), "--fault name: 'readnly' is not valid, expected a known name, the nearest is readonly"),
    (('--fault', '* = delay sleep=x'), "--fault sleep: 'x' is not valid, expected a number of at least 0"),
    (('--fault', "* = hang match='('"), "--fault match: '(' is not valid, expected a regular expression"),
    (('--plan', '-'), "--plan: '-' is not valid, expected the path of a file"),
    (('--strict=yes',), '--strict'),
])
def test_what_does_not_fit_is_refused_in_one_line(argv, message):
    assert refused(*argv).startswith(message)


@pytest.mark.parametrize('text, message', [
    ('[[fault]]\nname = "hang"\n[[fault]]\nname = "hnag"', "plan.toml fault 2 name: 'hnag' is not valid, expected a known name"),
    ('[[fault]', 'plan.toml: '), ('#' * MAX_FILE_BYTES + '##', '--plan plan.toml: '),
])
def test_what_a_file_says_is_refused_with_its_place(text, message):
    assert refused(*plan(text)).startswith(message)


def test_a_file_that_is_not_there_is_said():
    with pytest.raises(FileNotFoundError):
        spec('--plan', 'nowhere.toml')


def test_a_replay_takes_the_place_of_all_mixes():
    Path('j').write_text('')
    found = spec(*REDIS, '--behavior', '20:error', '--replay', 'j')
    assert (found.replay, [proxy.mix for proxy in found.proxies]) == ('j', [()])


def test_no_journal_is_written_into_the_one_that_is_repeated():
    Path('j').write_text('')
    Path('link').symlink_to('j')
    message = "--journal: 'link' is not valid, expected another file than that of --replay"
    assert message in refused('--replay', 'j', '--journal', 'link')
