"""Schemas are the same whether msgspec takes the indent away from docstrings or leaves it."""
import msgspec
import pytest

from vaurien.words import schemas

#: as msgspec before 0.23 leaves it, and as it has it from then on
DESCRIPTIONS = ('What it is.\n\n    Args:\n        one: A number.', 'What it is.\n\nArgs:\n    one: A number.')


class One(msgspec.Struct, tag=True):
    one: int


class Two(msgspec.Struct, tag=True):
    ones: list[One]


@pytest.mark.parametrize('description', DESCRIPTIONS)
def test_a_description_has_no_indent_of_its_own(monkeypatch, description):
    monkeypatch.setattr(msgspec.json, 'schema_components', lambda kinds, ref_template: (
        ({'$ref': '#/$defs/One'},), {'One': {'description': description}, 'Plain': {'type': 'object'}}))
    assert schemas.components((One,)) == ([{'$ref': '#/$defs/One'}], {'One': {'description': DESCRIPTIONS[1]},
                                                                      'Plain': {'type': 'object'}})


def test_a_document_refers_to_its_type():
    schema = schemas.document(Two, 'Twos')
    assert (schema['title'], schema['$ref'], sorted(schema['$defs'])) == ('Twos', '#/$defs/Two', ['One', 'Two'])


def test_a_line_is_one_of_the_types():
    schema = schemas.lines((One, Two), 'A line')
    assert schema['oneOf'] == [{'$ref': '#/$defs/One'}, {'$ref': '#/$defs/Two'}]


def test_a_schema_may_refer_elsewhere():
    assert schemas.components((Two,), '#/elsewhere/{name}')[0] == [{'$ref': '#/elsewhere/Two'}]
