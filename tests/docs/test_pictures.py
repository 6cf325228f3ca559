"""Pictures and what stands around the pages: columns stay straight, and the footer names somebody."""
import itertools
import runpy
from xml.etree import ElementTree

import pytest

from tests.conftest import fixture
from tests.support.browser import browser as open_browser

from .blocks import DOCS

SVG = '{http://www.w3.org/2000/svg}'
SPACE = '{http://www.w3.org/XML/1998/namespace}space'
ROW = ' 1  20:35:15.239  default        2         1  delay           GET /'
RECORD = runpy.run_path(str(DOCS / 'record.py'))

browser = fixture(open_browser)


@pytest.fixture(scope='module')
def drawn():
    return ElementTree.fromstring(RECORD['draw'](['$ vaurienctl faults', '', ROW]))


def test_a_row_keeps_its_spaces_by_what_stands_on_itself(drawn):
    rows = list(drawn.iter(f'{SVG}text'))
    assert [row.text for row in rows] == ['$ vaurienctl faults', ROW]
    for row in rows:    # neither is inherited by <text> in a browser
        assert (row.get(SPACE), row.get('style')) == ('preserve', 'white-space: pre')


def test_each_picture_with_rows_of_several_spaces_keeps_them():
    for path in (DOCS / '_static').glob('*.svg'):
        for text in ElementTree.parse(path).iter(f'{SVG}text'):
            if '  ' in (text.text or '').strip():
                assert text.get(SPACE) == 'preserve', f'{path.name}: {text.text}'


@pytest.fixture(scope='module')
def seen(browser, tmp_path_factory):
    """By picture: each character of its lines, and whether a browser shows something at its place."""
    collapsed = tmp_path_factory.mktemp('pictures') / 'collapsed.svg'
    collapsed.write_text(RECORD['draw'](['$ vaurienctl faults', ROW]).replace(RECORD['KEPT'], ''))
    paths = [*(DOCS / '_static' / f'{name}.svg' for name in RECORD['SCENES']), collapsed]
    sizes = [tuple(round(float(size)) for size in ElementTree.parse(path).getroot().get('viewBox').split()[2:]) for path in paths]
    page = collapsed.with_name('page.html')
    page.write_text('<body style="margin: 0">' + ''.join(
        f'<img src="{path.as_uri()}" width="{width}" height="{height}" style="display: block">'
        for path, (width, height) in zip(paths, sizes, strict=True)))
    picture = browser.look(page.as_uri(), max(width for width, _ in sizes), sum(height for _, height in sizes))
    tops = itertools.accumulate((height for _, height in sizes), initial=0)
    return {path.stem: list(cells(picture, path, top)) for path, top in zip(paths, tops, strict=False)}


def cells(picture, path, top):
    """Give each character of a picture that begins so far down, and whether something is seen at its place."""
    width, half = RECORD['WIDTH'], RECORD['HEIGHT'] / 2
    for text in ElementTree.parse(path).iter(f'{SVG}text'):
        left, middle = float(text.get('x')), top + float(text.get('y')) - 4
        for place, char in enumerate(text.text):
            at = left + place * width
            yield char, len(picture.colors(at, middle - half + 1, at + width, middle + half - 1)) > 1


@pytest.mark.parametrize('name', RECORD['SCENES'])
def test_a_browser_shows_each_character_in_its_column(seen, name):
    assert len(seen[name]) > 300
    assert [char for char, shown in seen[name] if shown != (char != ' ')] == []


def test_a_browser_that_drops_spaces_would_be_noticed(seen):
    assert any(shown for char, shown in seen['collapsed'] if char == ' ')


def test_the_footer_names_the_authors():
    found = runpy.run_path(str(DOCS / 'conf.py'))
    assert found['project_copyright'] == found['author']


def test_flags_keep_their_dashes_and_commands_can_be_copied():
    found = runpy.run_path(str(DOCS / 'conf.py'))
    assert found['smartquotes'] is False
    assert 'sphinx_copybutton' in found['extensions']
    assert found['copybutton_prompt_text'] == '$ '
    assert all((DOCS / '_static' / name).exists() for name in found['html_css_files'])
