"""INI files: what is read, what the environment and other files put in, and how each mistake is named."""
import pytest

from vaurien.config.files.ini import MAX_FILE_BYTES, read_sections
from vaurien.errors import ConfigError


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files into the current folder, which is a new one, and read the first as an INI file."""
    monkeypatch.chdir(tmp_path)

    def read(text, environ=None, **others):
        for name, content in {'main': text, **others}.items():
            (tmp_path / f'{name}.ini').write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_sections('main.ini', environ or {})
    return read


def values(sections):
    return {name: {key: given.value for key, given in section.items()} for name, section in sections.items()}


def refused(read, *args, **kwargs):
    with pytest.raises(ConfigError) as caught:
        read(*args, **kwargs)
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_sections_and_keys_are_read(write):
    assert values(write('[vaurien]\nbackend = a:1\nproxy: b:2\n\n[behavior:delay]\nsleep=2\n')) == {
        'vaurien': {'backend': 'a:1', 'proxy': 'b:2'}, 'behavior:delay': {'sleep': '2'}}


def test_a_value_is_known_by_file_section_and_key(write):
    assert write('[behavior:delay]\nsleep = 2')['behavior:delay']['sleep'].label == 'main.ini [behavior:delay] sleep'


def test_comments_may_follow_a_value_and_a_section(write):
    assert values(write('# one\n; two\n[proxy:a]      ; three\nbackend = a:1 ; four\nbehavior = 20:delay;x\n')) == {
        'proxy:a': {'backend': 'a:1', 'behavior': '20:delay;x'}}


def test_dashes_in_keys_are_underscores_but_not_in_a_plugins_name(write):
    assert list(write('[vaurien]\nstay-connected = 1\nbehavior.my-fault.max-rate = 3')['vaurien']) == [
        'stay_connected', 'behavior.my-fault.max_rate']


def test_line_ends_of_windows_and_a_byte_order_mark_are_no_part_of_values(write):
    assert values(write(b'\xef\xbb\xbf[vaurien]\r\nbackend = a:1\r\nproxy = b:2\r\n')) == {
        'vaurien': {'backend': 'a:1', 'proxy': 'b:2'}}


def test_percent_signs_mean_nothing(write):
    assert values(write('[a]\nb = 100%(x)s%'))['a']['b'] == '100%(x)s%'


def test_the_environment_fills_in(write):
    sections = write('[vaurien]\nbackend = ${HOST}:${PORT}\nproxy = $HOST:1', {'HOST': 'h', 'PORT': '5'})
    assert values(sections) == {'vaurien': {'backend': 'h:5', 'proxy': '$HOST:1'}}


def test_what_the_environment_fills_in_is_taken_as_it_is(write):
    assert values(write('[a]\nb = ${X}', {'X': '${Y} ; no comment'}))['a']['b'] == '${Y} ; no comment'


def test_double_quotes_keep_a_value_as_it_is(write):
    assert values(write('[a]\nb = "${X}"\nc = "\nd = ""\ne = "x" y')) == {
        'a': {'b': '${X}', 'c': '"', 'd': '', 'e': '"x" y'}}


def test_a_variable_that_is_not_set_is_named(write):
    assert refused(write, '[vaurien]\nbackend = ${NOBODY}:1') == (
        "main.ini [vaurien] backend: '${NOBODY}' is not valid, expected the name of an environment variable that is set")


def test_a_file_fills_what_is_missing_in_another(write):
    sections = write('[vaurien]\nextends = base.ini\nbackend = a:1\n[behavior:delay]\nsleep = 1',
                     base='[vaurien]\nbackend = x:1\nproxy = y:2\n[behavior:delay]\nsleep = 9\nbefore = no\n[statsd]\nport = 1')
    assert values(sections) == {'vaurien': {'backend': 'a:1', 'proxy': 'y:2'},
                                'behavior:delay': {'sleep': '1', 'before': 'no'}, 'statsd': {'port': '1'}}
    assert sections['vaurien']['proxy'].label == 'base.ini [vaurien] proxy'


def test_the_first_of_several_files_wins(write):
    sections = write('[vaurien]\nextends = one.ini\n  two.ini\n', one='[a]\nx = 1', two='[a]\nx = 2\ny = 2')
    assert values(sections) == {'a': {'x': '1', 'y': '2'}}


def test_a_file_that_is_extended_may_extend_another_from_its_own_folder(write, tmp_path):
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub' / 'one.ini').write_text('[vaurien]\nextends = two.ini\n')
    (tmp_path / 'sub' / 'two.ini').write_text('[a]\nx = 2\n')
    assert values(write('[vaurien]\nextends = sub/one.ini')) == {'a': {'x': '2'}}


def test_two_files_may_extend_the_same_one(write):
    sections = write('[vaurien]\nextends = one.ini\n  two.ini\n', one='[vaurien]\nextends = base.ini\n',
                     two='[vaurien]\nextends = base.ini\n', base='[a]\nx = 1')
    assert values(sections) == {'a': {'x': '1'}}


def test_extends_may_stand_where_vaurien_1_looked_for_it(write):
    assert values(write('[DEFAULT]\nextends = base.ini\n', base='[a]\nx = 1')) == {'a': {'x': '1'}}


def test_a_file_that_extends_itself_is_refused(write):
    text = refused(write, '[vaurien]\nextends = one.ini', one='[vaurien]\nextends = main.ini')
    assert text == "one.ini [vaurien] extends: 'main.ini' is not valid, expected a file that does not extend this one"


@pytest.mark.parametrize('text, message', [
    ('backend = a:1\n', "main.ini line 1: 'backend = a:1' is not valid, expected a [section] before the first key"),
    ('[a]\nx = 1\n[b]\n[a]\n', "main.ini line 4: '[a]' is not valid, expected each section once"),
    ('[a]\nx = 1\nx = 2\n', "main.ini line 3: 'x = 2' is not valid, expected each key once in its section"),
    ('[a]\nx-y = 1\nx_y = 2\n', "main.ini line 3: 'x_y = 2' is not valid, expected each key once in its section"),
    ('[a]\nx = 1\n\nno key\n', "main.ini line 4: 'no key' is not valid, expected [section], key = value, or a comment"),
    ('[a\nx = 1\n', "main.ini line 1: '[a' is not valid, expected a [section] before the first key"),
    ('[a]\n= 1\n', "main.ini line 2: '= 1' is not valid, expected [section], key = value, or a comment"),
    ('[a]\n\x1b[2J\n', "main.ini line 2: '\\x1b[2J' is not valid, expected [section], key = value, or a comment"),
])
def test_a_malformed_line_is_named(write, text, message):
    assert refused(write, text) == message


def test_a_file_that_is_not_utf_8_is_refused(write):
    assert refused(write, b'[a]\nx = \xff\n') == "main.ini: b'\\xff' is not valid, expected an INI file in UTF-8"


def test_a_file_that_is_too_large_to_be_one_is_refused(write):
    assert 'expected an INI file' in refused(write, b'#' * (MAX_FILE_BYTES + 1))


@pytest.mark.parametrize('name', ['none.ini', '.'])
def test_a_file_that_cannot_be_read_is_an_error_of_the_system(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match=name):
        read_sections(name, {})


def test_an_extended_file_that_is_missing_is_an_error_of_the_system(write):
    with pytest.raises(FileNotFoundError):
        write('[vaurien]\nextends = none.ini')
