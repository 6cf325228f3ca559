"""The shapes of PostgreSQL's requests that are no statements; statements are in ``test_sql_shapes.py``."""
import pytest

from vaurien.protocols.postgres import PostgreSQL

SHAPES = {
    'startup user=ann database=test_gw0': 'startup user=ann database=test_gw?',
    'SELECT $1, "A"': 'SELECT ?, "A"',
    'FunctionCall 952': 'FunctionCall ?',
    'Parse': 'Parse', 'Sync': 'Sync',
}


@pytest.mark.parametrize('name, shape', SHAPES.items(), ids=repr)
def test_what_differs_is_masked(name, shape):
    assert PostgreSQL.shape(name) == shape
    assert PostgreSQL.shape(shape) == shape
