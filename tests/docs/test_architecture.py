"""The page on how vaurien is built, held against the package: its folders, its pictures, and the files that a byte passes."""
import ast
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from gevent import get_hub

import vaurien.relay
from tests.support.hosting import hosted, spec_for
from tests.support.peers import ask, connect

from .blocks import DOCS
from .reference import extension, page

PACKAGE = Path(vaurien.__file__).parent
PAGE = DOCS / 'explanation' / 'architecture.rst'
#: how many files a plain request and its response may pass; each more costs every reader
MOST_FILES = 9
#: of a file of the package, and of a function of it
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 350, 45
#: directly in the package, and in a folder of it
MOST_AT_THE_TOP, MOST_FOLDERS, MOST_OF_A_FOLDER = 14, 25, 12
#: where each file is one plugin
OF_PLUGINS = ('toxics', 'protocols')
REQUEST, REPLY = b'*2\r\n$3\r\nGET\r\n$1\r\na\r\n', b'$-1\r\n'   # there is no such key
FOLDERS = sorted(path.parent for path in PACKAGE.rglob('__init__.py') if path.parent != PACKAGE)
FILES = sorted(path for path in PACKAGE.rglob('*.py') if path.name != '__init__.py')


def below_package(path):
    """Return a path as the page has it."""
    return Path(path).relative_to(PACKAGE).as_posix()


def section(title):
    """Return a section of the page, as it was written."""
    return re.split(r'\n[^\n]+\n-+\n', PAGE.read_text('utf-8').split(f'\n{title}\n', 1)[1].split('\n', 1)[1], maxsplit=1)[0]


@pytest.fixture(scope='module')
def built():
    """The page with its generated parts, each run of spaces and line ends as one space."""
    return ' '.join(page('explanation/architecture').split())


def test_the_listing_of_the_package_fits_in_the_eye():
    shown = [path for path in PACKAGE.iterdir() if path.name != '__pycache__']
    assert len([path for path in shown if path.is_file()]) <= MOST_AT_THE_TOP
    assert len([path for path in shown if path.is_dir()]) <= MOST_FOLDERS


@pytest.mark.parametrize('path', FOLDERS, ids=below_package)
def test_a_folder_holds_few_files(path):
    assert len(list(path.glob('*.py'))) <= MOST_OF_A_FOLDER or path.name in OF_PLUGINS


@pytest.mark.parametrize('path', FOLDERS, ids=below_package)
def test_a_folder_says_in_one_sentence_what_it_is(path, built):
    sentence = extension().layout.says(path / '__init__.py')
    assert 20 < len(sentence) < 160, f'{below_package(path)}: {sentence}'
    paragraph = (ast.get_docstring(ast.parse((path / '__init__.py').read_text('utf-8'))) or '').split('\n\n', maxsplit=1)[0]
    assert ' '.join(paragraph.split()) == sentence
    assert f'``{below_package(path)}/`` {sentence}' in built


@pytest.mark.parametrize('path', FILES, ids=below_package)
def test_a_file_says_in_its_first_sentence_what_it_is(path, built):
    sentence = extension().layout.says(path)
    assert sentence
    assert f'``{path.name}`` - {sentence} ' in f'{built} '


def test_the_import_rule_of_the_page_is_the_one_that_is_held():
    held = extension().layout.rules(['WORDS', 'FOLDERS', 'BESIDE'])
    names = [*held['WORDS'], *(name for line in (*held['FOLDERS'], *held['BESIDE']) for name in line)]
    table = extension().layout.imports()
    assert [re.sub(r'/|\.py', '', name) for name in re.findall(r'``([^`]+)``', table)] == names


def test_a_request_passes_the_files_that_the_page_lists_and_no_other(redis_server):
    listed = re.findall(r'^#\. ``([^`]+)``', section('The way of a byte'), re.MULTILINE)
    assert passed_by_a_request(redis_server) == set(listed)
    assert len(listed) <= MOST_FILES


def profile(host, hook):
    """Let a hook see each call in the event loop of a fleet; None: none."""
    host.call(lambda: get_hub().loop.run_callback(sys.setprofile, hook))


def passed_by_a_request(server):
    """Return the files of vaurien that are executed while a session that is open carries one more request."""
    found = set()

    def called(frame, event, _):
        if event == 'call' and frame.f_code.co_filename.startswith(f'{PACKAGE}/'):
            found.add(below_package(frame.f_code.co_filename))

    with hosted(spec_for(server.port, protocol='redis')) as host, connect(host.port) as client:
        for _ in range(2):
            assert ask(client, REQUEST, len(REPLY)) == REPLY
        profile(host, called)
        assert ask(client, REQUEST, len(REPLY)) == REPLY
        profile(host, None)
        assert ask(client, REQUEST, len(REPLY)) == REPLY
    return found


@pytest.mark.parametrize('path', re.findall(r'(?:[a-z_]+/)*[a-z_]+(?:\.py\b|/)(?=``)', PAGE.read_text('utf-8')))
def test_a_file_that_the_page_names_is_there(path):
    assert (PACKAGE / path).exists() or (PACKAGE.parent / path).exists()


@pytest.mark.parametrize('name', re.findall(r'^\.\. image:: /(\S+)', PAGE.read_text('utf-8'), re.MULTILINE))
def test_the_files_in_a_picture_are_there(name):
    text = ' '.join(ElementTree.parse(DOCS / name).getroot().itertext())
    paths = re.findall(r'\b[a-z]+(?:/[a-z_]+)*/[a-z_]+\.py', text)
    assert paths
    assert [path for path in paths if not (PACKAGE / path).exists()] == []


def test_the_picture_of_a_byte_has_the_files_of_the_list_in_their_order():
    listed = re.findall(r'^#\. ``([^`]+)``', section('The way of a byte'), re.MULTILINE)
    drawn = re.findall(r'>(\d) ([a-z/_]+\.py)<', (DOCS / '_static' / 'way-of-a-byte.svg').read_text('utf-8'))
    assert {(int(number), path) for number, path in drawn} == set(enumerate(listed, 1))


@pytest.mark.parametrize('word', ['finish', 'abort', 'drop'])
def test_the_words_for_an_end_stand_in_the_table_that_the_page_shows(word):
    assert '.. automodule:: vaurien.relay\n' in PAGE.read_text('utf-8')
    assert re.search(rf'^{word} +\S', vaurien.relay.__doc__, re.MULTILINE)


@pytest.mark.parametrize('path', FILES, ids=below_package)
def test_a_file_and_its_functions_fit_in_the_eye(path):
    text = path.read_text('utf-8')
    assert text.count('\n') <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < MOST_LINES_OF_A_FUNCTION, node.name
