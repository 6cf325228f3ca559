"""TOML as data of any model, and what is said of what does not fit; the words for scenarios are held by their own tests."""
from typing import Annotated, Literal

import msgspec
import pytest

from vaurien.errors import ConfigError
from vaurien.words.tables import Reader, parsed


class Leaf(msgspec.Struct, forbid_unknown_fields=True):
    size: Annotated[int, msgspec.Meta(ge=1)] = 1
    word: Literal['a', 'b'] | bool = True


class Tree(msgspec.Struct, forbid_unknown_fields=True):
    leaves: dict[str, Leaf] = {}
    rows: list[Leaf] = []


READER = Reader(Tree)


def test_what_fits_is_data_of_the_model():
    assert READER.read(parsed('leaves.one.size = 2', 'f'), 'f') == Tree({'one': Leaf(2)})


@pytest.mark.parametrize('text, message', [
    ('leaves.one.size = 0', 'f leaves.one.size: 0 is not valid, expected an integer of at least 1'),
    ('leaves.one.sise = 1', "f leaves.one: 'sise' is not valid, expected a known name, the nearest is size"),
    ('leaves = 1', 'f leaves: 1 is not valid, expected a table'),
    ('leaves.a.size = 1\nleaves.b.word = "c"', "f leaves.b.word: 'c' is not valid, expected true, false, 'a' or 'b'"),
    ('[[rows]]\n[[rows]]\nsize = 0', 'f [[rows]] 2 size: 0 is not valid, expected an integer of at least 1'),
    ('leaves', "f line 1: 'leaves' is not valid, expected TOML: "),
])
def test_what_does_not_fit_is_one_line_with_the_place(text, message):
    with pytest.raises(ConfigError) as caught:
        READER.read(parsed(text, 'f'), 'f')
    assert str(caught.value).startswith(message)
