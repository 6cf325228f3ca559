"""The OpenAPI document: it names what there is, and nothing else."""
import msgspec
import pytest

from tests.support.control_client import steering
from tests.support.hosting import spec_for
from vaurien.control.native import calls as native
from vaurien.control.native import models
from vaurien.control.native.endpoint import Media
from vaurien.outputs.busy.sampler import Sampler
from vaurien.proxies.fleet import Fleet

ENDLESS = '/v1/events', '/v1/live'
TABLE = native.Native(Fleet(1)).endpoints()


@pytest.fixture(scope='module')
def server():
    with steering(spec_for('127.0.0.1:9')) as running:
        running.ask('POST', '/v1/proxies/default/toxics', {'type': 'noop', 'name': 'slow'})
        running.ask('POST', '/v1/plan', {'faults': ['GET a = hang']})
        running.fleet.busy = Sampler(lambda: running.fleet.proxies)
        yield running


@pytest.fixture(scope='module')
def document(server):
    return server.get('/v1/openapi.json')


def operations(document):
    return {(method.upper(), path): found for path, methods in document['paths'].items() for method, found in methods.items()}


def references(node):
    """Return all that a document refers to."""
    if isinstance(node, dict):
        own = {node['$ref']} if '$ref' in node else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


def test_every_call_is_described_once(document):
    table = {(endpoint.method, endpoint.path.replace(':int', '')) for endpoint in TABLE}
    assert set(operations(document)) == table | {('GET', '/v1/openapi.json')}
    names = [found['operationId'] for found in operations(document).values()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(document):
    schemas = document['components']['schemas']
    assert {reference.rpartition('/')[2] for reference in references(document)} <= set(schemas)


def test_schemas_are_those_of_the_structs_that_check(document):
    schema = document['components']['schemas']['Changes']
    assert set(schema['properties']) == {field.encode_name for field in msgspec.structs.fields(models.Changes)}
    assert schema['additionalProperties'] is False
    assert schema.get('required', []) == []
    assert set(document['components']['schemas']['NewProxy']['required']) == {'name'}, 'a backend, or intercept'


def test_each_parameter_is_described(document):
    for (_, path), found in operations(document).items():
        in_path = [entry['name'] for entry in found['parameters'] if entry['in'] == 'path']
        assert in_path == [part.strip('{}') for part in path.split('/') if part.startswith('{')]
    faults = operations(document)['GET', '/v1/faults']['parameters']
    assert {entry['name'] for entry in faults} == {'since', 'proxy', 'limit'}


@pytest.mark.parametrize('endpoint', [endpoint for endpoint in TABLE if endpoint.method == 'GET' and 'number' not in endpoint.path
                                      and endpoint.path not in ENDLESS], ids=lambda endpoint: endpoint.path)
def test_an_answer_is_of_the_type_that_is_described(server, endpoint):
    answer = server.ask('GET', endpoint.path.replace('{proxy}', 'default').replace('{toxic}', 'slow').replace('{entry:int}', '1'))
    assert answer.status == endpoint.status
    if isinstance(endpoint.response, Media):
        assert answer.headers['content-type'].startswith(endpoint.response.type)
    else:
        msgspec.json.decode(answer.body, type=strict(endpoint.response))


def strict(kind):
    """Make of a struct one that refuses keys that it does not know."""
    return msgspec.defstruct(kind.__name__, [(field.name, field.type) for field in msgspec.structs.fields(kind)],
                             forbid_unknown_fields=True)


def test_the_document_says_whether_a_token_is_needed(document):
    assert 'security' not in document
    headers = {'Authorization': 'Bearer x'}
    with steering(token='x') as secured:
        found = secured.ask('GET', '/v1/openapi.json', headers=headers).json
    assert found['security'] == [{'token': []}]
    assert found['components']['securitySchemes']['token'] == {'type': 'http', 'scheme': 'bearer'}
