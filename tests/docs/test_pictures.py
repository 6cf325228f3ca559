"""Pictures and what stands around the pages: columns stay straight, and the footer names somebody."""
import runpy
from xml.etree import ElementTree

import pytest

from .blocks import DOCS

SVG = '{http://www.w3.org/2000/svg}'
SPACE = '{http://www.w3.org/XML/1998/namespace}space'
ROW = ' 1  20:35:15.239  default        2         1  delay           GET /'


@pytest.fixture(scope='module')
def drawn():
    return ElementTree.fromstring(runpy.run_path(str(DOCS / 'record.py'))['draw'](['$ vaurienctl faults', '', ROW]))


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


def test_the_footer_names_the_authors():
    found = runpy.run_path(str(DOCS / 'conf.py'))
    assert found['project_copyright'] == found['author']
