"""The lines of a journal: what is written is what the schema in the docs says."""
import json
from pathlib import Path

import msgspec
import pytest

from vaurien.outputs.journal.lines import KINDS, VERSION, Header, Line, Lost, schema
from vaurien.relay.recording.records import Exchanged

DOCS = Path(__file__).parents[4] / 'docs' / 'reference'


def test_the_schema_in_the_docs_is_that_of_the_lines():
    assert json.loads((DOCS / 'journal.schema.json').read_text('utf-8')) == json.loads(json.dumps(schema()))


@pytest.mark.parametrize('kind', KINDS, ids=lambda kind: kind.__name__)
def test_the_page_names_each_line_and_each_of_its_fields(kind):
    page = (DOCS / 'journal.rst').read_text('utf-8')
    assert f'``{kind.__struct_config__.tag}``' in page
    assert [name for name in kind.__struct_fields__ if f'``{name}``' not in page] == []


def test_a_line_that_was_written_is_read_again():
    lines = (Header(VERSION, '3.0', 1.5, 7), Lost(3),
             Exchanged(1.0, 'cache', 1, 2, 'GET a', 'GET a', 'READONLY', 0.001, 20, 30, fault='error/readonly'))
    assert [msgspec.json.decode(msgspec.json.encode(line), type=Line) for line in lines] == list(lines)
