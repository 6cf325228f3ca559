"""The shapes of MySQL's requests that are no statements; statements are in ``test_sql_shapes.py``."""
import pytest

from vaurien.protocols.mysql import MySQL

SHAPES = {
    'login ann test_gw0': 'login ann test_gw?',
    'SELECT ?, "A"': 'SELECT ?, ?',
    'COM_PING': 'COM_PING', 'COM_INIT_DB shop7': 'COM_INIT_DB shop?',
    'COM_STMT_PREPARE SELECT a FROM t WHERE b IN (?, ?)': 'COM_STMT_PREPARE SELECT a FROM t WHERE b IN (?)',
    'COM_STMT_PREPARE SAVEPOINT x1': 'COM_STMT_PREPARE SAVEPOINT ?',
}


@pytest.mark.parametrize('name, shape', SHAPES.items(), ids=repr)
def test_what_differs_is_masked(name, shape):
    assert MySQL.shape(name) == shape
    assert MySQL.shape(shape) == shape
