"""The shapes of Redis commands as programs send them."""
import pytest

from vaurien.protocols.redis import Redis
from vaurien.protocols.redis.shapes import MAX_SHAPE

SHAPES = {
    'GET user:42': 'GET user:?',
    'get user:42': 'GET user:?',
    'SET session:0b6b6e0a-3d7c-4c1e-9f59-6b5b1f0c2d3e': 'SET session:?',
    'HSET rq:job:9d0f2c8e1a7b4c55': 'HSET rq:job:?',
    'SET :1:views.decorators.cache.cache_page.d41d8cd98f00b204e9800998ecf8427e':
        'SET :?:views.decorators.cache.cache_page.?',
    'GET {user1000}.followers': 'GET {user?}.followers',
    'LPUSH celery': 'LPUSH celery',
    'EVALSHA 5332031c6b470dc5a0dd9b4bf2030dea6d65de91': 'EVALSHA ?',
    'EVAL return  redis.call("get", KEYS[1])\n': 'EVAL return redis.call("get", KEYS[?])',
    'EVAL ' + 'x' * 500: 'EVAL ' + 'x' * (MAX_SHAPE - 5),
    'CLIENT SETINFO': 'CLIENT SETINFO',
    'CONFIG GET': 'CONFIG GET',
    'SELECT 3': 'SELECT ?',
    'HELLO 3': 'HELLO ?',
    'PING': 'PING',
    'PING anything': 'PING ?',
    'MULTI': 'MULTI',
    'AUTH': 'AUTH',
    'PUBLISH chat:7': 'PUBLISH chat:?',
    'GET ': 'GET',
}


@pytest.mark.parametrize('name, shape', SHAPES.items(), ids=lambda value: repr(value)[:60])
def test_keys_are_masked(name, shape):
    assert Redis.shape(name) == shape
    assert Redis.shape(shape) == shape
