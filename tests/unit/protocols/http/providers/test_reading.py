"""Files of kinds: what they come to, and what is said of each mistake in one."""
import pytest

from vaurien.errors import ConfigError
from vaurien.protocols.http.headers import BODY, CALL, STREAM
from vaurien.protocols.http.providers.reading import MAX_FILE_BYTES, read

IT = 'kinds.toml kinds.billing-limit'
KIND = '[kinds.billing-limit]\ndescription = "It is."\ncategory = "A"\n'


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text.encode(), 'kinds.toml')
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_a_file_says_kinds_by_their_names():
    table, rows = read(f'title = "ours"\nsource = "seen"\n{KIND}scope = "server"\nstatus = 429'.encode(), 'kinds.toml')
    kind, source = rows['billing-limit']
    assert (table.title, source) == ('ours', 'seen')
    assert (kind.description, kind.category, kind.scope, kind.only_named) == ('It is.', 'A', 'server', True)
    assert BODY in kind.stages
    assert STREAM in kind.stages
    assert CALL not in kind.stages


def test_a_kind_of_calls_is_for_calls_alone():
    _, rows = read(f'{KIND}call = "ABORTED"\nmessage = "once more"'.encode(), 'kinds.toml')
    assert rows['billing-limit'].kind.stages == (CALL,)


def test_a_file_without_kinds_is_a_file():
    assert read(b'', 'kinds.toml')[1] == {}


@pytest.mark.parametrize('text, message', [
    ('[kinds',
     "kinds.toml line 1: '[kinds' is not valid, expected TOML: Expected ']' at the end of a table declaration at column 7"),
    ('[kind.a]', "kinds.toml: 'kind' is not valid, expected a known name, the nearest is kinds"),
    (f'{KIND}statuss = 429', f"{IT}: 'statuss' is not valid, expected a known name, the nearest is status"),
    (f'{KIND}status = 99', f'{IT}.status: 99 is not valid, expected an integer of at least 200'),
    (f'{KIND}status = 600', f'{IT}.status: 600 is not valid, expected an integer of at most 599'),
    (f'{KIND}status = "429"', f"{IT}.status: '429' is not valid, expected an integer"),
    (KIND.replace('"A"', '"Z"'),
     f"{IT}.category: 'Z' is not valid, expected 'A', 'B', 'C', 'D', 'E' or 'F'"),
    ('[kinds.a]\ncategory = "A"', "kinds.toml kinds.a: {'category': 'A'} is not valid, expected 'description' in it"),
    (KIND.replace('It is.', ''), f"{IT}.description: '' is not valid, expected a text of at least 1"),
    (KIND, f"{IT}: 'none' is not valid, expected exactly one of status, call, end"),
    (f'{KIND}status = 429\ncall = "ABORTED"',
     f"{IT}: 'status, call' is not valid, expected exactly one of status, call, end"),
    (f'{KIND}status = 429\nmessage = "so"', f"{IT}.message: 'so' is not valid, expected nothing beside status"),
    (f'{KIND}call = "ABORTED"\nbody = "so"', f"{IT}.body: 'so' is not valid, expected nothing beside call"),
    (f'{KIND}end = "clean"\nfields = ["A: 1"]', f"{IT}.fields: ['A: 1'] is not valid, expected nothing beside end"),
    (f'{KIND}status = 429\nafter = 0', f'{IT}.after: 0 is not valid, expected nothing beside status'),
    (f'{KIND}end = "soon"', f"{IT}.end: 'soon' is not valid, expected 'clean', 'cut', 'on', 'reset' or 'stall'"),
    (f'{KIND}end = "cut"\nafter = -1', f'{IT}.after: -1 is not valid, expected an integer of at least 0'),
    (f'{KIND}call = "OK"', f"{IT}.call: 'OK' is not valid, expected 'ABORTED', 'ALREADY_EXISTS', "),
    (f'{KIND}status = 429\nfields = ["Retry-After"]',
     f"{IT} fields[0]: 'Retry-After' is not valid, expected a field such as Retry-After: 1"),
    (f'{KIND}status = 429\nfields = ["A: 1", "B: x\\r\\nC: 1"]',
     f"{IT} fields[1]: 'B: x\\r\\nC: 1' is not valid, expected a field such as Retry-After: 1"),
    ('fields = ["Content-Length: 1"]', "kinds.toml fields[0]: 'Content-Length: 1' is not valid, expected none of connection, "),
    (f'{KIND}status = 429\njson = "{{"', f"{IT}.json: '{{' is not valid, expected JSON: "),
    (f'{KIND}status = 429\njson = "1"\nbody = "so"', f"{IT}.body: 'so' is not valid, expected no body beside json"),
    (f'{KIND}status = 429\nbody = "{"x" * 65536}"', f"{IT}.body: '65536 bytes' is not valid, expected at most"),
    (KIND.replace('billing-limit', '"a b"') + 'status = 429',
     "kinds.toml kinds.a b: 'a b' is not valid, expected a name of letters, digits"),
])
def test_a_mistake_is_one_line_with_the_place(text, message):
    assert refused(text).startswith(message)


def test_a_file_that_is_no_text_is_refused():
    with pytest.raises(ConfigError, match='text in UTF-8; byte 1 is none'):
        read(b'a\xff', 'kinds.toml')


def test_a_file_that_is_too_long_is_refused():
    with pytest.raises(ConfigError, match='at most 1048576 bytes'):
        read(b' ' * (MAX_FILE_BYTES + 1), 'kinds.toml')
