"""Places in JSON documents: the examples of RFC 6901, and what is put there."""
from typing import Any

import pytest

from vaurien.words.pointers import MAX_TOKENS, put, read_pointer, read_value


@pytest.mark.parametrize('text, pointer', [
    ('', ()), ('/foo', ('foo',)), ('/foo/0', ('foo', '0')), ('/', ('',)), ('/a~1b', ('a/b',)), ('/c%d', ('c%d',)),
    ('/m~0n', ('m~n',)), ('/ ', (' ',)), ('/~01', ('~1',)), ('//', ('', ''))])
def test_a_pointer_is_read_as_the_rfc_says(text: str, pointer: tuple[str, ...]) -> None:
    assert read_pointer(text) == pointer


@pytest.mark.parametrize('text', ['foo', '/a~2', '/a~', '/' * (MAX_TOKENS + 1)])
def test_what_is_no_pointer_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_pointer(text)


@pytest.mark.parametrize('text, value', [('/a=1', 1), ('/a="1"', '1'), ('/a=x', 'x'), ('/a=', ''),
                                         ('/a={"b": [null]}', {'b': [None]}),
                                         ('/a=b=c', 'b=c')])
def test_a_value_is_json_or_else_text(text: str, value: Any) -> None:
    assert read_value(text) == (('a',), value)


def test_a_value_needs_a_place() -> None:
    with pytest.raises(ValueError, match='/a'):
        read_value('/a')


@pytest.mark.parametrize('pointer, after', [
    ('', 7), ('/a', {'a': 7}), ('/b', {'a': [1, {'x': 2}], 'b': 7}), ('/a/0', {'a': [7, {'x': 2}]}),
    ('/a/-', {'a': [1, {'x': 2}, 7]}), ('/a/1/x', {'a': [1, {'x': 7}]}), ('/a/1/y', {'a': [1, {'x': 2, 'y': 7}]})])
def test_a_value_comes_to_its_place(pointer: str, after: Any) -> None:
    assert put({'a': [1, {'x': 2}]}, read_pointer(pointer), 7) == after


@pytest.mark.parametrize('pointer', ['/c/d', '/a/2', '/a/01', '/a/x', '/a/0/x', '/a/-/x', '/a/1/x/y', '/a/' + '9' * 20])
def test_where_there_is_no_such_place_nothing_is_put(pointer: str) -> None:
    document = {'a': [1, {'x': 2}]}
    with pytest.raises(LookupError):
        put(document, read_pointer(pointer), 7)
    assert document == {'a': [1, {'x': 2}]}
