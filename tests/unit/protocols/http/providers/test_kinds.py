"""The kinds that come with vaurien, and those that are added."""
import json
import subprocess
import sys
import tomllib

import jsonschema_rs
import msgspec
import pytest

from tests.docs.blocks import DOCS
from vaurien.errors import ConfigError
from vaurien.protocols.http import GRPC, HTTP
from vaurien.protocols.http.answers import CALL_STATUSES
from vaurien.protocols.http.h2.protocol import StreamProtocol
from vaurien.protocols.http.providers.kinds import KINDS, OWN, Kinds, own, providers
from vaurien.protocols.http.providers.model import CallStatus, schema
from vaurien.protocols.redis import Redis

ADDED = b'[kinds.%b]\ndescription = "It is."\ncategory = "A"\nstatus = %d'


def test_there_are_those_of_nine_providers():
    assert providers() == ('anthropic', 'aws', 'elasticsearch', 'etcd', 'github', 'google', 'k8s', 'openai', 'stripe')


@pytest.mark.parametrize('provider', providers())
def test_a_file_names_its_kinds_after_itself_and_each_says_where_it_comes_from(provider):
    table, rows = own(provider)
    assert table.title
    assert [name for name in rows if not name.startswith(f'{provider}-')] == []
    assert [name for name, row in rows.items() if not row.source.startswith(('https://', 'seen: '))] == []
    assert [name for name, row in rows.items() if not row.kind.only_named or not row.kind.description.endswith('.')] == []


def test_no_kind_has_a_name_that_http_or_tls_has():
    assert not KINDS.keys() & {*HTTP.errors, *HTTP.kinds_of_tls}


def test_nothing_is_drawn_of_them_where_no_kind_is_named():
    assert not KINDS.keys() & {*HTTP().at_random(), *GRPC().at_random()}


@pytest.mark.parametrize('cls', [HTTP, StreamProtocol])
def test_a_kind_is_found_by_its_name_alone(cls):
    assert cls.kinds_named('openai-rate-limit') == ('openai-rate-limit',)
    assert cls.kind('openai-rate-limit') is KINDS['openai-rate-limit']
    assert cls.kinds_named('openai-') == cls.kinds_named('openai') == ()


def test_grpc_has_those_that_are_for_calls():
    assert GRPC.kinds_named('etcd-no-leader') == ('etcd-no-leader',)
    assert GRPC.kind('etcd-no-leader') is KINDS['etcd-no-leader']
    assert GRPC.kinds_named('openai-rate-limit') == ()
    assert {name.partition('-')[0] for name in GRPC.tables} == {'etcd'}
    assert 0 < len(GRPC.tables) < len(HTTP.tables)


def test_protocols_without_files_have_none():
    assert Redis.kinds_named('openai-rate-limit') == ()


def test_no_file_is_read_before_a_name_of_it_is_asked_for():
    code = ('import sys; from vaurien.protocols.http import HTTP\n'
            'from vaurien.protocols.http.providers import kinds\n'
            'HTTP.kinds_named("503"), HTTP.kinds_named("tls-reset"), HTTP.kinds_named("no-such-kind")\n'
            'assert "vaurien.protocols.http.providers.reading" not in sys.modules, "read for nothing"\n'
            'HTTP.kinds_named("stripe-auth")\n'
            'assert kinds.own.cache_info().currsize == 1, "more than one file"')
    subprocess.run([sys.executable, '-c', code], check=True)


def test_each_file_is_what_the_schema_of_the_docs_says():
    written = json.loads((DOCS / 'reference' / 'kinds.schema.json').read_text('utf-8'))
    assert written == json.loads(json.dumps(schema())), 'write it anew: docs/reference/kinds.rst names it'
    valid = jsonschema_rs.validator_for(written).is_valid
    assert [path.stem for path in OWN.glob('*.toml') if not valid(tomllib.loads(path.read_text('utf-8')))] == []
    assert not valid({'kinds': {'a': {'description': 'It is.', 'category': 'Z'}}})


def test_the_statuses_of_calls_are_those_of_grpc():
    values = msgspec.json.schema(CallStatus)['enum']
    assert sorted(values) == sorted(set(CALL_STATUSES) - {'OK'})


# -- those of a user

def test_what_is_added_is_there_and_what_comes_again_takes_its_place():
    kinds = Kinds()
    kinds.add([('a.toml', ADDED % (b'ours', 429))], ())
    first = kinds['ours']
    kinds.add([('a.toml', ADDED % (b'ours', 503) + b'\n' + ADDED % (b'more', 503))], ())
    assert kinds['ours'] is not first
    assert [name for name in kinds if name in ('ours', 'more')] == ['ours', 'more']
    kinds.add([('a.toml', ADDED % (b'more', 503))], ())
    assert 'ours' not in kinds
    assert len(kinds) == len(KINDS) + 1


@pytest.mark.parametrize('name, whose', [
    (b'503', 'http'), (b'openai-auth', 'openai.toml, which comes with vaurien'), (b'theirs', 'b.toml')])
def test_a_name_that_something_else_has_is_refused_and_what_was_there_stays(name, whose):
    kinds = Kinds()
    kinds.add([('b.toml', ADDED % (b'theirs', 429))], ())
    kinds.add([('a.toml', ADDED % (b'ours', 429))], ())
    with pytest.raises(ConfigError) as caught:
        kinds.add([('a.toml', ADDED % (name, 429))], HTTP.errors)
    with pytest.raises(ConfigError):
        kinds.add([('a.toml', ADDED % (b'new', 429)), ('c.toml', ADDED % (name, 429))], HTTP.errors)
    assert 'new' not in kinds, 'all of them, or none'
    text = name.decode()
    assert str(caught.value) == f'a.toml kinds.{text}: {text!r} is not valid, expected another name: this one is taken by {whose}'
    assert 'ours' in kinds
