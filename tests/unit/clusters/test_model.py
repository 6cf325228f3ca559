"""The values under the keys, and their schema."""
import json
from pathlib import Path

import msgspec
import pytest

from vaurien.clusters.model import VALUES, Order, check_order, read, read_label, write
from vaurien.errors import ConfigError

DOCS = Path(__file__).parents[3] / 'docs' / 'reference'


def schema():
    """Make the schema of all values, by their keys."""
    found, components = msgspec.json.schema_components(VALUES.values(), ref_template='#/$defs/{name}')
    return {'$schema': 'https://json-schema.org/draft/2020-12/schema', 'title': 'Values below /vaurien/CLUSTER/, by their keys',
            'properties': dict(zip(VALUES, found, strict=True)), '$defs': components}


def test_the_schema_of_the_docs_is_that_of_the_values():
    assert json.loads((DOCS / 'cluster.schema.json').read_text('utf-8')) == json.loads(json.dumps(schema()))


@pytest.mark.parametrize('key', VALUES)
def test_the_page_names_each_key_and_each_field(key):
    text = (DOCS / 'cluster.rst').read_text('utf-8').split(f'* - ``{key}``', 1)[1].split('   * - ``', 1)[0]
    for field in VALUES[key].__struct_fields__:
        assert f'``{field}``' in text


def test_a_value_is_what_was_written():
    order = Order(by='me', ttl=10, mix='20:delay')
    assert json.loads(write(order)) == {'by': 'me', 'ttl': 10, 'mix': '20:delay'}
    assert read(Order, write(order), 'order') == order


@pytest.mark.parametrize('order', [Order(by='me', ttl=1), Order(by='x' * 1001, ttl=1, mix=''),
                                   Order(by='me', ttl=1, plan=('x',) * 1001)], ids=['nothing', 'long', 'many'])
def test_an_order_that_is_too_large_or_asks_for_nothing_is_refused(order):
    with pytest.raises(ConfigError):
        check_order(order)


def test_labels_are_keys_and_values():
    assert read_label('zone=a=b') == ('zone', 'a=b')
    for text in ('zone', '=a', 'a b=c', 'zone=\n'):
        with pytest.raises(ConfigError, match='KEY=VALUE'):
            read_label(text)
