"""JSON as Go reads and writes it: values, its words for each mistake, structs, and the fewest digits of numbers."""
import contextlib
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaurien.control.toxiproxy.gojson import MAX_DEPTH, GoError, Number, Object, Struct, read
from vaurien.control.toxiproxy.gowriting import Float32, float32, write

EOF = 'unexpected EOF'
#: what json.Decoder says; the contexts are those of encoding/json's scanner
MISTAKES = {
    '': 'EOF', ' \t\r\n': 'EOF', '{': EOF, '{"a"': EOF, '{"a":': EOF, '{"a":1': EOF, '[': EOF, '[1,': EOF, '"a': EOF,
    '"\\': EOF, '"\\u00': EOF, 'tru': EOF, '-': EOF, '1.': EOF, '1e': EOF, '1e+': EOF,
    'x': "invalid character 'x' looking for beginning of value",
    "'a'": "invalid character '\\'' looking for beginning of value",
    '[,]': "invalid character ',' looking for beginning of value",
    '[1,]': "invalid character ']' looking for beginning of value",
    '\x00': "invalid character '\\x00' looking for beginning of value",
    'é': "invalid character 'Ã' looking for beginning of value",
    '{a:1}': "invalid character 'a' looking for beginning of object key string",
    '{"a":1,}': "invalid character '}' looking for beginning of object key string",
    '{"a" 1}': "invalid character '1' after object key",
    '{"a":1 "b"}': "invalid character '\"' after object key:value pair",
    '{"a":01}': "invalid character '1' after object key:value pair",
    '[1 2]': "invalid character '2' after array element",
    '"\n"': "invalid character '\\n' in string literal",
    '"\\x"': "invalid character 'x' in string escape code",
    '"\\u12g4"': "invalid character 'g' in \\u hexadecimal character escape",
    'nuLl': "invalid character 'L' in literal null (expecting 'l')",
    'trux': "invalid character 'x' in literal true (expecting 'e')",
    '-a': "invalid character 'a' in numeric literal",
    '1.x': "invalid character 'x' after decimal point in numeric literal",
    '1ex': "invalid character 'x' in exponent of numeric literal",
    '[' * (MAX_DEPTH + 2): 'exceeded max depth',
}


@pytest.mark.parametrize('text', MISTAKES, ids=lambda text: text[:20])
def test_a_mistake_is_said_in_the_words_of_go(text):
    with pytest.raises(GoError) as caught:
        read(text.encode())
    assert str(caught.value) == MISTAKES[text]


@pytest.mark.parametrize('text, value', [
    ('1 trailing', Number('1')), ('{} {', Object([])), ('null', None), (' [true,false] ', [True, False]),
    ('"\\u00e9\\n\\"\\/"', 'é\n"/'), ('"\\ud83d\\ude00"', '😀'), ('"\\ud800x"', '\ufffdx'), ('-0.5e-3,', Number('-0.5e-3')),
    ('{"a":1,"a":{"b":[]}}', Object([('a', Number('1')), ('a', Object([('b', [])]))])),
])
def test_the_first_value_is_read_and_what_follows_ignored(text, value):
    assert read(text.encode()) == value


def test_bytes_that_are_no_utf8_are_replaced():
    assert read(b'"a\xffb"') == 'a\ufffdb'


def plain(value):
    if isinstance(value, Object):
        return {key: plain(item) for key, item in value.items}
    if isinstance(value, Number):
        return json.loads(value.text)
    return [plain(item) for item in value] if isinstance(value, list) else value


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
                      lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12)


@given(VALUES, st.booleans())
def test_all_json_is_read_as_python_reads_it(value, escaped):
    assert plain(read(json.dumps(value, ensure_ascii=escaped).encode('utf-8', 'surrogatepass'))) == value


@given(VALUES)
def test_what_is_written_is_read_again(value):
    assert json.loads(write(value)) == value


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_what_go_says(data):
    with contextlib.suppress(GoError):
        read(data)


# -- structs

THING = Struct('Thing', {'name': 'string', 'on': 'bool', 'size': 'int64', 'share': 'float32', 'much': 'float64',
                         'more': 'object it.More'}, 'it.Thing')


@pytest.mark.parametrize('text, fields', [
    ('null', {}), ('{}', {}), ('{"NAME":"a","Size":3}', {'name': 'a', 'size': 3}), ('{"name":null,"else":[1]}', {}),
    ('{"name":"a","Name":"b"}', {'name': 'b'}), ('{"more":{"x":1}}', {'more': Object([('x', Number('1'))])}),
    ('{"share":0.1}', {'share': float32(0.1)}), ('{"size":-9223372036854775808}', {'size': -2 ** 63}),
    ('{"much":1e3}', {'much': 1000.0}),
])
def test_a_struct_takes_what_it_knows(text, fields):
    assert THING.fill(read(text.encode())) == fields


@pytest.mark.parametrize('text, what', [
    ('{"name":1.5}', 'number into Go struct field Thing.name of type string'),
    ('{"name":true}', 'bool into Go struct field Thing.name of type string'),
    ('{"on":"yes"}', 'string into Go struct field Thing.on of type bool'),
    ('{"size":1.0}', 'number 1.0 into Go struct field Thing.size of type int64'),
    ('{"size":1e3}', 'number 1e3 into Go struct field Thing.size of type int64'),
    ('{"size":9223372036854775808}', 'number 9223372036854775808 into Go struct field Thing.size of type int64'),
    ('{"size":[]}', 'array into Go struct field Thing.size of type int64'),
    ('{"share":1e39}', 'number 1e39 into Go struct field Thing.share of type float32'),
    ('{"much":1e999}', 'number 1e999 into Go struct field Thing.much of type float64'),
    ('{"more":"x"}', 'string into Go struct field Thing.more of type it.More'),
    ('{"on":1,"name":2}', 'number into Go struct field Thing.on of type bool'),
    ('[]', 'array into Go value of type it.Thing'), ('"x"', 'string into Go value of type it.Thing'),
])
def test_a_value_of_another_type_is_refused_the_first_one(text, what):
    with pytest.raises(GoError) as caught:
        THING.fill(read(text.encode()))
    assert str(caught.value) == f'json: cannot unmarshal {what}'


def test_keys_of_what_stands_in_a_field_are_named_with_it():
    with pytest.raises(GoError, match=r'Go struct field LatencyToxic\.attributes\.latency of type int64'):
        Struct('LatencyToxic', {'latency': 'int64'}, path='attributes').fill(read(b'{"latency":"1"}'))


# -- writing

@pytest.mark.parametrize('value, text', [
    ({'b': [1, True, None], 'a': 'x'}, '{"b":[1,true,null],"a":"x"}'), ('<&>\u2028', '"\\u003c\\u0026\\u003e\\u2028"'),
    ('é\n', '"é\\n"'), (Float32(0.3), '0.3'), (Float32(float32(0.3)), '0.3'), (Float32(1), '1'), (Float32(-3), '-3'),
    (Float32(0.1234567891), '0.12345679'), (0.1234567891, '0.1234567891'), (1e21, '1e+21'), (1e20, '100000000000000000000'),
    (1e-6, '0.000001'), (1e-7, '1e-7'), (1.5e-10, '1.5e-10'), (0.0, '0'), (-0.0, '-0'), (100.0, '100'),
    (Float32(201248419999999983616.0), '201248420000000000000'),
])
def test_values_are_written_as_go_writes_them(value, text):
    assert write(value) == text


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_number_of_32_bits_is_written_with_enough_digits_and_not_more(number):
    text = write(Float32(number))
    assert struct.pack('f', float(text)) == struct.pack('f', number)
    assert len(text.lstrip('-').replace('.', '').partition('e')[0].strip('0')) <= 9
