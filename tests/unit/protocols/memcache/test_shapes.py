"""The shapes of memcached's requests as programs send them."""
import pytest

from vaurien.protocols.memcache import Memcache

SHAPES = {
    'set user:42': 'set user:?',
    'get user:1 user:2 user:3': 'get user:?',
    'get user:1 group:1': 'get user:? group:?',
    'gat 60 session:1f2e3d4c5b6a session:6a5b4c3d2e1f': 'gat ? session:?',
    'incr hits': 'incr hits',
    'mg key7': 'mg key?',
    'set :1:views.cache.d41d8cd98f00b204e9800998ecf8427e': 'set :?:views.cache.?',
    'flush_all': 'flush_all',
    'stats items': 'stats items',
    'mn': 'mn',
}


@pytest.mark.parametrize('name, shape', SHAPES.items(), ids=repr)
def test_keys_are_masked(name, shape):
    assert Memcache.shape(name) == shape
    assert Memcache.shape(shape) == shape
