"""The shapes of HTTP requests as programs make them."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaurien.protocols.http import HTTP
from vaurien.protocols.http.shapes import _whole_shape

SHAPES = {
    'GET /': 'GET /',
    'GET /users': 'GET /users',
    'GET /users/42': 'GET /users/?',
    'GET /users/42/posts/7': 'GET /users/?/posts/?',
    'GET /v1/users/42/v2': 'GET /v1/users/?/v2',
    'GET /api/v2.1/oauth2/token': 'GET /api/v2.1/oauth2/token',
    'GET /items/0b6b6e0a-3d7c-4c1e-9f59-6b5b1f0c2d3e/': 'GET /items/?/',
    'GET /user42/x': 'GET /?/x',
    'GET /photos/42.png': 'GET /photos/?.png',
    'GET /static/app.3f2a1b9c4d.js': 'GET /static/?.js',
    'GET /search?q=shoes&page=2': 'GET /search?q=?&page=?',
    'GET /search?q=': 'GET /search?q=',
    'GET /search?': 'GET /search?',
    'GET /list?id=1&id=2&id=3&x=1': 'GET /list?id=?&x=?',
    'GET /list?filter[0]=a&debug': 'GET /list?filter[?]=?&debug',
    'GET /items/42?x=1': 'GET /items/??x=?',
    'GET /files/a%20b%2Fc': 'GET /files/?',
    'GET /a;jsessionid=1f2e3d4c5b6a/b': 'GET /a/b',
    'GET /a?next=/b/c?d=e': 'GET /a?next=?',
    'POST http://example.org:8080/users/42?x=1': 'POST http://example.org:?/users/??x=?',
    'GET http://example.org': 'GET http://example.org',
    'CONNECT example.org:443': 'CONNECT example.org:?',
    'OPTIONS *': 'OPTIONS *',
    'connect': 'connect',
    '/helloworld.v1.Greeter2/SayHello_2': '/helloworld.v1.Greeter2/SayHello_2',
    'https://api.example:443/a.B/C1': 'https://api.example:443/a.B/C1',
    '/a.B/42': '/a.B/?',
}


@pytest.mark.parametrize('name, shape', SHAPES.items(), ids=repr)
def test_paths_and_queries_are_masked(name, shape):
    assert HTTP.shape(name) == shape
    assert HTTP.shape(shape) == shape


PIECES = st.sampled_from(['GET ', 'CONNECT ', '/', '//', '?', '&', '=', ';', '.', '42', '7', 'v1', 'v12', 'a', 'x5', '://',
                          'http', ':80', '.png', '%20', '[0]', '*', ' '])


@given(name=st.lists(PIECES, max_size=16).map(''.join) | st.text(max_size=30))
def test_what_is_remembered_with_other_numbers_is_what_would_be_made(name):
    assert HTTP.shape(name) == _whole_shape(name)
