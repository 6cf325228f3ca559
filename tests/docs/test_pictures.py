"""Pictures, tables and what stands around the pages: columns stay straight and whole, and the footer names somebody."""
import itertools
import runpy
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.conftest import fixture
from tests.support.browser import browser as open_browser

from .blocks import DOCS

SVG = '{http://www.w3.org/2000/svg}'
SPACE = '{http://www.w3.org/XML/1998/namespace}space'
ROW = ' 1  20:35:15.239  default        2         1  delay           GET /'
RECORD = runpy.run_path(str(DOCS / 'record.py'))

PROTOCOLS = ('http', 'memcache', 'mysql', 'postgres', 'redis', 'smtp')
WINDOW, HIGH = 1400, 80     #: [px] that a window is wide, and as much of a page as is looked at high
#: colors the page by whether its table is seen whole, and each name of a class in it in one line
MEASURE = """<script>
const cut = [...document.querySelectorAll('table')].filter(table => table.getBoundingClientRect().right > innerWidth ||
    table.parentElement.scrollWidth > table.parentElement.clientWidth);
const words = [...document.querySelectorAll('table.realism td:nth-child(4) code .pre')];
const lines = words.filter(word => word.getClientRects().length > 1);
const found = document.querySelectorAll('table.realism').length;
document.body.innerHTML = '';
document.body.style.background = found != 1 ? 'blue' : cut.length || lines.length ? 'red' : 'lime';
</script>"""
LIME, RED = b'\x00\xff\x00', b'\xff\x00\x00'

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


@pytest.fixture(scope='module')
def tables(tmp_path_factory):
    """The pages of what clients meet, as they are built; without the other pages."""
    folder = tmp_path_factory.mktemp('tables')
    for name in PROTOCOLS:
        shutil.copy(DOCS / 'realism' / f'{name}.rst', folder)
    (folder / 'index.rst').write_text('Tables\n======\n\n.. toctree::\n   :glob:\n\n   *\n')
    subprocess.run([sys.executable, '-m', 'sphinx', '-q', '-b', 'html', '-c', DOCS, folder, folder / 'html'], check=True)
    return folder / 'html'


def measured(browser, html, css=''):
    """Return, by protocol, the color that says whether the table of its page is seen whole."""
    for name in PROTOCOLS:
        text = (html / f'{name}.html').read_text('utf-8')
        (html / f'measured-{name}.html').write_text(text.replace('</body>', f'<style>{css}</style>{MEASURE}</body>'), 'utf-8')
    frame = '<iframe src="measured-{}.html" style="width: {}px; height: {}px; border: 0; display: block"></iframe>'
    look = html / 'measured.html'
    look.write_text('<body style="margin: 0">' + ''.join(frame.format(name, WINDOW, HIGH) for name in PROTOCOLS))
    picture = browser.look(look.as_uri(), WINDOW, HIGH * len(PROTOCOLS))
    return {name: picture.colors(10, place * HIGH + 10, 60, place * HIGH + HIGH - 10) for place, name in enumerate(PROTOCOLS)}


def test_tables_of_what_clients_meet_are_not_cut_and_names_not_broken(browser, tables):
    assert measured(browser, tables) == dict.fromkeys(PROTOCOLS, {LIME})


def test_tables_that_are_cut_and_names_that_are_broken_would_be_noticed(browser, tables):
    wide = 'table { min-width: 1500px }'
    broken = 'table.realism { width: 600px } table.realism td:nth-child(4) .pre { white-space: normal !important }'
    assert measured(browser, tables, wide) == dict.fromkeys(PROTOCOLS, {RED})
    assert {RED} in measured(browser, tables, broken).values()


def test_the_footer_names_the_authors():
    found = runpy.run_path(str(DOCS / 'conf.py'))
    assert found['project_copyright'] == found['author']


def test_flags_keep_their_dashes_and_commands_can_be_copied():
    found = runpy.run_path(str(DOCS / 'conf.py'))
    assert found['smartquotes'] is False
    assert 'sphinx_copybutton' in found['extensions']
    assert found['copybutton_prompt_text'] == '$ '
    assert all((DOCS / '_static' / name).exists() for name in found['html_css_files'])
