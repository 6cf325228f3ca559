"""What the page about vaurien 1.x says is to be written in place of what was written: it is there, and does the same."""
import re

import pytest

import vaurien
from vaurien.client import Client

from .blocks import DOCS

TEXT = (DOCS / 'howto' / 'vaurien1.rst').read_text('utf-8')
#: what was written, and what is written now, in the first table
ROWS = re.findall(r'   \* - (.*)\n     - (.*)\n', TEXT[TEXT.index('What to write in place'):TEXT.index('What is new')])
IMPORTS = [(before, now) for before, now in ROWS if re.match(r'``(from|import) ', before)]


def test_each_import_of_1x_is_in_the_table():
    text = ' '.join(before for before, _ in IMPORTS)
    for words in ('from vaurienclient import Client', 'import vaurienclient', 'from vaurien.util import start_proxy, stop_proxy'):
        assert f'``{words}``' in text


@pytest.mark.parametrize('before, now', IMPORTS)
def test_what_stands_in_its_place_can_be_imported_and_is_the_same(before, now):
    names = {}
    exec(re.match('``(.*?)``', now)[1], names)
    names.pop('__builtins__')
    given = {name: getattr(vaurien, name, vaurien if name == 'vaurien' else None) for name in names}
    assert names == given
    for attribute in re.findall(r'vaurien\.(\w+)\(', now):
        assert getattr(vaurien, attribute) is Client


def test_the_old_client_is_no_package_of_its_own_any_more():
    with pytest.raises(ModuleNotFoundError):
        import vaurienclient  # noqa: F401 - the import is the test
