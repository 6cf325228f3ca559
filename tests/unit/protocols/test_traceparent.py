"""Which trace a request belongs to: W3C Trace Context in headers, and sqlcommenter's comments."""
import pytest

from vaurien.protocols import Protocol
from vaurien.protocols.base import Exchange
from vaurien.protocols.http.h2.heads import trace_of
from vaurien.protocols.traceparent import MAX_COMMENT_BYTES, checked, of_comments, of_headers, of_statement

TRACE, SPAN = '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'
VALID = f'00-{TRACE}-{SPAN}-01'
OTHER = VALID.replace('4b', '5b')
ENCODED = VALID.replace('-', '%2D').replace('4', '%34')

#: by what is wrong with it
INVALID = {
    'nothing': '', 'upper case': VALID.upper(), 'no trace': f'00-{"0" * 32}-{SPAN}-01', 'no span': f'00-{TRACE}-{"0" * 16}-01',
    'a version that is none': f'ff-{TRACE}-{SPAN}-01', 'more than this version has': f'{VALID}-00', 'too long': f'{VALID}0',
    'a trace too short': f'00-{TRACE[1:]}-{SPAN}-01', 'other letters': VALID.replace('4b', 'xy'), 'no flags': VALID[:-2],
    'a control character': VALID[:-1] + '\x00', 'a newline after it': VALID + '\n', '4 KB': 'a' * 4096,
    'a later version without a dash': f'01-{TRACE}-{SPAN}-01x',
}


@pytest.mark.parametrize('why', INVALID)
def test_what_is_not_valid_is_none(why):
    assert checked(INVALID[why].encode()) == ''
    assert of_headers(b'GET / HTTP/1.1\r\ntraceparent: ' + INVALID[why].encode().rstrip() + b'x\r\n\r\n', 0, 5_000) == ''


def test_a_later_version_may_have_more():
    assert checked(f'cc-{TRACE}-{SPAN}-01-more'.encode()) == f'cc-{TRACE}-{SPAN}-01'


@pytest.mark.parametrize('field', [
    'traceparent: {}', 'Traceparent:{}', 'TRACEPARENT:\t {} \t', 'A: b\r\ntraceparent: {}\r\nC: d'])
def test_the_header_of_a_request_is_found(field):
    headers = f'GET / HTTP/1.1\r\n{field.format(VALID)}\r\n\r\n'.encode()
    assert of_headers(headers, 0, len(headers)) == VALID


@pytest.mark.parametrize('headers', [
    f'GET /traceparent:{VALID} HTTP/1.1\r\n\r\n', f'GET / HTTP/1.1\r\nx-traceparent: {VALID}\r\n\r\n',
    f'GET / HTTP/1.1\r\ntraceparent: {VALID}\r\ntraceparent: {OTHER}\r\n\r\n',
    f'GET / HTTP/1.1\r\ntraceparent: {VALID}, {OTHER}\r\n\r\n',
], ids=['in the path', 'another header', 'two', 'two in one'])
def test_nothing_else_is_taken_for_it(headers):
    assert of_headers(headers.encode(), 0, len(headers)) == ''


def test_a_body_says_nothing():
    request = f'POST / HTTP/1.1\r\nHost: x\r\n\r\n\r\ntraceparent: {VALID}\r\n'.encode()
    http = Protocol.get('http')()
    assert http.trace(Exchange(b'POST /', 'page'), request, 0, len(request), True) == ''
    assert http.trace(Exchange(b'POST /', 'page'), request, 28, len(request), False) == ''


def test_fields_of_http_2_are_read_likewise():
    fields = [(b':path', b'/', False), (b'traceparent', VALID.encode(), False)]
    assert trace_of(fields) == VALID
    assert trace_of([*fields, fields[1]]) == trace_of(fields[:1]) == ''


COMMENTS = {
    'alone': "SELECT 1 /*traceparent='{}'*/",
    'before it': "/*traceparent='{}'*/ SELECT 1",
    'and a semicolon': "SELECT 1 /*traceparent='{}'*/;\n",
    'within others': "SELECT 1 /*action='%2Fitems',controller='index',traceparent='{}',tracestate='congo%3Dt61'*/",
    'with spaces': "SELECT 1 /* db_driver = 'a' , traceparent = '{}' */",
    'after another comment': "SELECT /* a */ 1 /*traceparent='{}'*/",
    'at both ends': "/* a hint */ SELECT 1 /*traceparent='{}'*/",
    'before one that says nothing': "/*traceparent='{}'*/ SELECT 1 /* end */",
}


@pytest.mark.parametrize('written', [VALID, ENCODED], ids=['as it is', 'URL-encoded'])
@pytest.mark.parametrize('case', COMMENTS)
def test_a_comment_of_sqlcommenter_is_found(case, written):
    assert of_comments(COMMENTS[case].format(written).encode()) == VALID


@pytest.mark.parametrize('text', [
    f"SELECT '/*traceparent=''{VALID}''*/'", f"SELECT 1 /*xtraceparent='{VALID}'*/", f"SELECT 1 /*traceparent={VALID}*/",
    f"SELECT 1 /*traceparent='{VALID}',traceparent='{OTHER}'*/", f"SELECT 1 -- traceparent='{VALID}'",
    f"SELECT 1 /*traceparent='{VALID}", "SELECT 1 /*/", "*/", "/*", "", "/*traceparent='%'*/", "\0\xff*/",
    f"SELECT 1 /*traceparent='{VALID}{' ' * MAX_COMMENT_BYTES}'*/",
], ids=['in a literal', 'another key', 'no quotes', 'two', 'a comment of another kind', 'no end', 'half', 'an end', 'a beginning',
        'nothing', 'a sign that encodes nothing', 'nonsense', 'too long'])
def test_what_is_no_such_comment_says_nothing(text):
    assert of_comments(text.encode('latin-1')) == ''


def test_of_a_statement_that_is_longer_than_its_name_the_end_counts_where_it_is_at_hand():
    text = b'SELECT ' + b'1 + ' * 2_000 + b"1 /*traceparent='%s'*/" % VALID.encode()
    assert of_statement(text[:4096], text) == VALID
    assert of_statement(text[:4096], b'') == ''
    assert of_statement(b'SELECT 1', text) == ''    # data of an execution, which is no statement
