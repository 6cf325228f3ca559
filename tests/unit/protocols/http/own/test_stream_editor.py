"""Responses of streams that are changed on their way: fields and content, without a frame."""
import pytest

from vaurien.protocols.http.own.edits import Edit, edit_of
from vaurien.protocols.http.own.stream_editor import StreamEditor

LENGTH = [(b':status', b'200', False), (b'content-length', b'8', False), (b'x-a', b'old', True)]
VALUES = Edit(values=((('a',), 7),))


def test_fields_are_changed_in_lower_case() -> None:
    edit = Edit(503, (('X-A', 'new'),), (('X-B', '1'),), ('content-type',))
    fields = [*LENGTH, (b'content-type', b'x', False)]
    assert StreamEditor(edit, 99).begin(fields, 200, False, False) == [
        (b':status', b'503', False), (b'content-length', b'8', False), (b'x-a', b'new', False), (b'x-b', b'1', False)]


@pytest.mark.parametrize('edit, told, passing, body', [
    (VALUES, None, 0, b'{"a":7}'), (VALUES._replace(keep=3), None, 0, b'{"a'), (Edit(keep=3), b'3', 3, b''),
    (Edit(keep=3, short=True), b'8', 3, b''), (Edit(keep=9), b'8', 8, b'')])
def test_content_is_held_or_cut(edit: Edit, told: bytes | None, passing: int, body: bytes) -> None:
    editor = StreamEditor(edit, 99)
    fields = {name: value for name, value, _ in editor.begin(LENGTH, 200, False, True)}
    assert fields.get(b'content-length') == told
    assert editor.take(b'-{"a": 1}-', 1, 5) + editor.take(b'{"a": 1}', 4, 8) == passing
    assert (editor.finished() if editor.holds else b'') == body


def test_what_is_larger_than_the_window_or_has_no_content_is_not_held() -> None:
    cases = (7, 200, False, True), (99, 204, False, True), (99, 200, True, True), (99, 200, False, False)
    for limit, status, ended, of_body in cases:
        editor = StreamEditor(VALUES, limit)
        assert editor.begin(LENGTH, status, ended, of_body)[1] == LENGTH[1]
        assert (editor.holds, editor.ended, editor.take(b'abc', 0, 3)) == (False, ended, 3)


def test_what_was_held_is_released_unchanged_but_for_what_is_cut_off() -> None:
    editor = StreamEditor(VALUES._replace(keep=5), 99)
    editor.begin(LENGTH, 200, False, True)
    editor.take(b'{"a": 1}', 0, 4)
    assert editor.release() == b'{"a"'
    assert editor.take(b'{"a": 1}', 4, 8) == 1


def test_pieces_are_held_and_nothing_else_is_changed() -> None:
    editor = StreamEditor(Edit(), 99, 3, 1.0)
    assert editor.begin(LENGTH, 200, False, True) == LENGTH
    assert (editor.holds, editor.take(b'abc', 0, 3), bytes(editor.held)) == (True, 0, b'abc')


def test_settings_say_the_changes() -> None:
    assert edit_of({}) == Edit()
    told = {'status': 201, 'header': ['a: b'], 'remove': ['c'], 'json': ['/a=1'], 'keep': 0, 'short': True}
    assert edit_of(told) == Edit(201, (('a', 'b'),), (), ('c',), ((('a',), 1),), 0, True)
