"""Texts with addresses in them: what is found there, what they become, and what is refused without a word of a password."""
import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaurien.address import Address
from vaurien.errors import ConfigError
from vaurien.protocols import Protocol
from vaurien.run import addresses

#: what the documentation shows
TABLE = Path(__file__).parents[3] / 'docs' / 'reference' / 'run-addresses.csv'
with TABLE.open(encoding='utf-8', newline='') as table:
    ROWS = list(csv.DictReader(table))


AUTHORITIES = '/tmp/RUN/authorities.pem'     # what a run lets its command trust


def proxies(found, first=40001):
    """Return addresses as proxies would have them, as the table of the documentation has them."""
    return [Address(f'/tmp/RUN/x{f"_{at + 1}" if at else ""}/{Path(end.address.host).name}', None) if end.address.unix
            else Address('127.0.0.1', first + at) for at, end in enumerate(found.ends)]


@pytest.mark.parametrize('row', ROWS, ids=[f'{row["for"]} {row["text"]}' for row in ROWS])
def test_a_text_becomes_what_the_documentation_says(row):
    if row['note'].startswith('refused'):
        with pytest.raises(ConfigError) as refused:
            addresses.read(row['text'], '--through X', 'X', row['told'])
        assert f'refused: expected {refused.value.reason}' == row['note']
        return
    found = addresses.read(row['text'], '--through X', 'X', row['told'])
    assert ' '.join(dict.fromkeys(end.protocol for end in found.ends)) == row['protocol']
    assert ', '.join(str(end.address) for end in found.ends) == row['backends']
    assert {end.wish.verify.name.lower() if end.wish else '' for end in found.ends} == {row['verified']}
    assert (found.at(proxies(found), AUTHORITIES), ' '.join(found.notes)) == (row['becomes'], row['note'])
    assert row['protocol'] in Protocol.names()


def test_the_documentation_has_more_than_a_few_of_them():
    assert len(ROWS) > 100
    assert len({row['text'].partition(':')[0] for row in ROWS if '://' in row['text']}) > 30


@pytest.mark.parametrize('row', [row for row in ROWS if row['becomes']], ids=lambda row: row['text'])
def test_what_a_text_becomes_is_read_again_as_the_proxies(row):
    found = addresses.read(row['text'], 'X', 'X', row['told'])
    again = addresses.read(found.at(proxies(found)), 'X', 'X', row['told'] or row['protocol'])
    assert [end.address for end in again.ends] == proxies(found)


@pytest.mark.parametrize('text', [
    '', ' ', 'x', 'host', 'host:', ':1', 'host:0', 'host:65536', 'host:port', '//host', 'redis://h:x', 'redis://h:1:2',
    'redis://[::1', 'redis://h h:1', 'postgresql://a,b:99999/x', 'postgresql://u@/x?host=a,b&port=1,2,3', 'host=a,b port=1,2,3',
    'host= port=1', "host='a", 'unix://', 'unix://x', 'redis+socket://', 'mysql:unix_socket=x', 'mysql:dbname=x', 'a=b',
    'a=b;c=d',
    'jdbc:', 'jdbc:x', 'jdbc:mysql://address=(host=a)(port=1)/x', '@tcp(x:y)/', 'tcp://host', 'thing://host:1', 'redis://a\nb',
    'redis://a:1;http://', 'db+x', 'socket:x', 'socket:', 'x\0y:1', 'http://', 'https://', 'jdbc:mysql://h/?sslMode=VERIFY_IDENTITY',
])
def test_what_cannot_be_read_is_refused_in_one_line(text):
    with pytest.raises(ConfigError) as refused:
        addresses.read(text, '--through X', 'X')
    assert '\n' not in str(refused.value)
    assert str(refused.value).startswith('--through X: ')


SECRETS = ('redis://:SECRET@h:x', 'jdbc:postgresql://u:SECRET@h/db?sslmode=verify-full', 'thing://u:SECRET@h:1/', 'sqs://k:SECRET@',
           "host= password='SECRET", 'password=SECRET dbname=x', 'u:SECRET@tcp(x:y)/', 'Server=;Pwd=SECRET', 'SECRET', 'https://SECRET@h:x/',
           'sentinel://:SECRET@h:1;sentinel://:SECRET@h:2', 'jdbc:mysql://h:x/?password=SECRET', 'memory://SECRET')


@pytest.mark.parametrize('text', SECRETS)
def test_a_refusal_shows_no_password(text):
    with pytest.raises(ConfigError) as refused:
        addresses.read(text, '--through X', 'X')
    assert 'SECRET' not in str(refused.value)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        found = addresses.read(text, 'X', 'X')
    except ConfigError:
        return
    assert found.ends


@given(st.sampled_from([row for row in ROWS if row['becomes']]), st.integers(0, 200), st.text(max_size=3))
def test_a_damaged_text_is_read_or_refused_and_keeps_all_else(row, at, what):
    text = row['text'][:at] + what + row['text'][at:]
    try:
        found = addresses.read(text, 'X', 'X', row['told'])
    except ConfigError:
        return
    edits = sorted(found.edits, key=lambda edit: edit.start)
    assert all(one.end <= two.start for one, two in zip(edits, edits[1:], strict=False))
    changed = found.at(proxies(found))
    assert changed.startswith(text[:edits[0].start])
    assert changed.endswith(text[edits[-1].end:])


# -- TLS

NOTHING, AUTHORITY, NAME = addresses.Verify


@pytest.mark.parametrize('text, wish', [
    ('postgresql://h/db', None), ('postgresql://h/db?sslmode=prefer', None),
    ('postgresql://h/db?sslmode=disable&sslrootcert=/ca', None),
    ('postgresql://h/db?sslmode=require&sslrootcert=/ca', (AUTHORITY, '/ca')),
    ('postgresql://h/db?sslmode=no-verify', (NOTHING,)),
    ('postgresql://h/db?sslrootcert=system', (NAME,)), ('postgresql://h/db?requiressl=1', (NOTHING,)),
    ('postgresql://h/db?sslmode=verify-full&sslrootcert=/a%20b&sslcert=/c&sslkey=/k', (NAME, '/a b', '/c', '/k')),
    ('postgresql://h/db?sslmode=require&sslnegotiation=direct', (NOTHING, '', '', '', True)),
    ('postgresql:///db?host=/run&sslmode=verify-full', None),
    ('postgresql://h/db?hostaddr=10.0.0.7&sslmode=verify-full', (NAME, '', '', '', False, ('h',))),
    ('host=h hostaddr=10.0.0.7 sslmode=verify-full', (NAME, '', '', '', False, ('h',))),
    ('mysql://h/db?ssl-mode=REQUIRED', (NOTHING,)), ('mysql://h/db?ssl_ca=/ca&ssl_verify_identity=true', (NAME, '/ca')),
    ('mysql+pymysql://h/db?ssl_ca=/ca&ssl_check_hostname=false', (AUTHORITY, '/ca')),
    ('mysql://h/db?ssl={"rejectUnauthorized": true}', (NAME,)), ('mysql://h/db?ssl={"rejectUnauthorized":false}', (NOTHING,)),
    ('u@tcp(h:1)/db?tls=skip-verify', (NOTHING,)), ('u@tcp(h:1)/db?tls=preferred', None),
    ('rediss://h?ssl_cert_reqs=none', (NOTHING, '', '', '', True)),
    ('rediss://h?ssl_cert_reqs=CERT_REQUIRED', (NAME, '', '', '', True)),
    ('rediss://h?ssl_check_hostname=False', (AUTHORITY, '', '', '', True)), ('redis://h', None),
    ('amqps://h?verify=verify_none&cacertfile=/ca', (NOTHING, '/ca', '', '', True)),
    ('smtp+tls://h', (NAME,)), ('smtps://h', (NAME, '', '', '', True)), ('wss://h', (NAME, '', '', '', True)),
    ('smtp://h', None),
    ('mongodb://h/db?tls=true&tlsAllowInvalidHostnames=true', (AUTHORITY,)),
    ('mongodb://h/db?tls=true&tlsInsecure=true', (NOTHING,)),
], ids=str)
def test_what_a_text_says_of_tls_is_read(text, wish):
    found = addresses.read(text, 'X', 'X')
    assert [end.wish for end in found.ends] == [wish and addresses.Wish(*wish)]


@pytest.mark.parametrize('text', ['rediss://h', 'https://h', 'smtps://h', 'postgresql://h/db?sslmode=verify-full&sslrootcert=/ca',
                                  'jdbc:postgresql://h/db?sslmode=verify-full'])
def test_a_text_that_is_told_to_be_relayed_stays_as_it_is_but_for_the_address(text):
    found = addresses.read(text, 'X', 'X', 'tcp')
    assert [end.wish for end in found.ends] == [None]
    assert found.at(proxies(found), AUTHORITIES) == text.replace('//h', '//127.0.0.1:40001')


def test_a_password_is_not_bound_where_that_is_only_preferred():
    found = addresses.read('postgresql://h/db?channel_binding=prefer&sslmode=require', 'X', 'X')
    assert found.at(proxies(found)) == 'postgresql://127.0.0.1:40001/db?channel_binding=disable&sslmode=require'
    unread = addresses.read('postgresql://h/db?channel_binding=prefer', 'X', 'X')
    assert unread.at(proxies(unread)) == 'postgresql://127.0.0.1:40001/db?channel_binding=prefer'


@pytest.mark.parametrize('text, written', [
    ('postgresql://h/db?sslmode=verify-ca&sslrootcert=/ca', '/R%20N/it%27s.pem'),
    ('host=h sslmode=verify-ca sslrootcert=/ca', r'/R\ N/it\'s.pem'),
    ("host=h sslmode=verify-ca sslrootcert='/c a'", r'/R\ N/it\'s.pem'),
    ('u@tcp(h:1)/db?tls=true&ssl-ca=/ca', '/R%20N/it%27s.pem'),
])
def test_the_file_of_authorities_is_written_as_the_text_wants_it(text, written):
    found = addresses.read(text, 'X', 'X')
    changed = found.at(proxies(found), "/R N/it's.pem")
    assert written in changed
    assert [end.wish.ca for end in addresses.read(changed, 'X', 'X').ends] == ["/R N/it's.pem"]
