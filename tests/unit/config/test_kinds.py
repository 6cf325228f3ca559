"""Files of kinds that a command line and an INI file name."""
from pathlib import Path

import pytest

from vaurien.config.files.reading import read_again
from vaurien.protocols.http.providers.kinds import KINDS

from .configuring import configuration, new_folder, refused, spec  # noqa: F401 - a fixture

TEXT = '[kinds.{}]\ndescription = "It is."\ncategory = "A"\nstatus = {}\n'
ASKED = '--protocol', 'http', '--behavior', '10:error', '--behavior-error-kind'


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    monkeypatch.setattr(KINDS, '_added', {})


def file(name, status=429, path='ours.toml'):
    Path(path).write_text(TEXT.format(name, status), 'utf-8')
    return '--kinds', path


def test_the_command_line_names_files_as_often_as_it_likes():
    spec(*file('ours'), *file('others', path='others.toml'), *ASKED, 'others')
    assert {'ours', 'others'} <= KINDS.keys()


def test_an_ini_file_names_them_a_line_each():
    file('ours'), file('others', path='others.toml')
    spec(*ASKED, 'ours', ini='[vaurien]\nkinds = ours.toml\n    others.toml')
    assert {'ours', 'others'} <= KINDS.keys()


def test_entries_of_a_plan_may_have_their_names():
    assert spec(*file('ours'), '--protocol', 'http', '--fault', 'GET * = ours').plan[0].name == 'ours'


def test_a_file_is_read_again_with_the_rest_of_the_configuration():
    found = configuration(*file('ours'), *ASKED, 'ours')
    before = KINDS['ours']
    file('ours', 503)
    assert found.again is not None
    assert found.again.args[0][:2] == ('--kinds', 'ours.toml')
    assert found.again.args[2] is read_again
    found.again()
    assert KINDS['ours'] is not before


@pytest.mark.parametrize('argv, message', [
    (('--kinds', '-'), "--kinds: '-' is not valid, expected the path of a file"),
    ((*ASKED, 'openai-rate-limt'),
     "--behavior-error-kind: 'openai-rate-limt' is not valid, expected openai-rate-limit or "),
    (('--protocol', 'http', '--fault', '* = openai-rate-limt'),
     "--fault name: 'openai-rate-limt' is not valid, expected a known name, the nearest is openai-rate-limit"),
    (('--protocol', 'redis', *ASKED[2:], 'openai-rate-limit'),
     "--behavior-error-kind: 'openai-rate-limit' is not valid, expected "),
])
def test_a_name_that_does_not_fit_is_refused(argv, message):
    assert refused(*argv).startswith(message)


def test_a_file_with_a_mistake_is_refused_with_the_place():
    assert refused(*file('503')) == ("ours.toml kinds.503: '503' is not valid, expected another name: this one is taken by http")


def test_a_file_that_is_not_there_cannot_be_read():
    assert 'nowhere.toml' in refused('--kinds', 'nowhere.toml', error=OSError)
