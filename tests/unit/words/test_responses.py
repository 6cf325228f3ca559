"""What a response may be told, and what is refused."""
from pathlib import Path

import pytest

from vaurien.words import responses
from vaurien.words.responses import (
    MAX_BODY_BYTES,
    MAX_FIELDS,
    OWN_FIELDS,
    FieldNames,
    Fields,
    Status,
    content_of,
    field_of,
    read_body,
    read_body_file,
    read_retry_after,
)


def test_fields_are_lines_or_a_list_and_keep_their_order() -> None:
    wanted = ('X-A: 1', 'x-b: a: b', 'X-A: ')
    assert tuple(map(field_of, wanted)) == (('X-A', '1'), ('x-b', 'a: b'), ('X-A', ''))
    assert Fields('X-A: 1\n\nx-b:a: b \nX-A:') == Fields(['X-A: 1', 'x-b: a: b', 'X-A:']) == Fields(wanted) == wanted
    assert FieldNames('a\nB') == ('a', 'B')


@pytest.mark.parametrize('value', [
    ['A: b\r\nC: d'], ['A: b\nC: d'], ['A: b\0'], ['A: \x7f'], ['A b: c'], [': c'], ['A'], ['A\r: b'], ['\u00e4: b'], 'A', 7,
    None, [7], {'A': 'b'}, ['A: b'] * (MAX_FIELDS + 1), ['A: ' + 'x' * 4097],
    *([f'{name.title()}: 1'] for name in sorted(OWN_FIELDS))],
    ids=lambda value: ''.join(filter(str.isalnum, str(value)[:20])))
def test_what_would_be_no_field_or_is_the_writers_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Fields(value)


@pytest.mark.parametrize('value', [199, 600, 'x', 200.5, True])
def test_a_status_is_a_final_one(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Status(value)


@pytest.mark.parametrize('value, text', [(3, '3'), ('3', '3'), ('Sun, 06 Nov 1994 08:49:37 GMT',) * 2])
def test_retry_after_is_seconds_or_a_date(value: object, text: str) -> None:
    assert read_retry_after(value) == text


@pytest.mark.parametrize('value', [-1, '1.5', 'soon', 'Sun, 06 Nov 1994 08:49:37', 'Sun, 66 Nov 1994 08:49:37 GMT', '1\r\nA: b',
                                   None])
def test_what_is_neither_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_retry_after(value)


def test_a_body_is_bounded() -> None:
    assert read_body('\u00e4') == '\u00e4'
    for value in ('x' * (MAX_BODY_BYTES + 1), 7, None):
        with pytest.raises(ValueError):  # noqa: PT011
            read_body(value)


def test_only_a_file_that_was_named_at_the_start_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, 'NAMED', {})
    path = tmp_path / 'body'
    path.write_bytes(b'\0\xff')
    with pytest.raises(ValueError, match='body'):
        read_body_file(str(path))
    responses.allow_files({'body_file': str(path)})
    assert read_body_file(str(path)) == str(path)
    assert content_of(str(path)) == b'\0\xff'
    path.write_bytes(bytes(MAX_BODY_BYTES + 1))
    for value in (str(path), str(tmp_path), 7):
        responses.allow_files({'body_file': value})
        with pytest.raises(ValueError):  # noqa: PT011
            read_body_file(value)
