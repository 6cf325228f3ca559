"""What the OpenAPI document promises, held against a running process by requests that nobody thought of."""
import json
import re
import string

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from tests.support.control_client import steering
from tests.support.daemon import daemon
from tests.support.hosting import spec_for
from tests.support.peers import echo_server
from tests.support.unit_of_time import PATIENCE
from vaurien.control.native import calls as native
from vaurien.control.native.models import ADDRESS
from vaurien.proxies.fleet import Fleet

schemathesis = pytest.importorskip('schemathesis')

ENDLESS = '/v1/events', '/v1/live'
SCENARIO = '/v1/scenario'
PROXIES = '/v1/proxies'
#: requests per call
EXAMPLES = 25
#: what each answer is held against; that a request which fits is accepted is not one: no schema knows which ports are free
CHECKS = ('not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_headers_conformance',
          'response_schema_conformance', 'negative_data_rejection', 'unsupported_method')
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
                    max_leaves=10)
NAMES = st.sampled_from(['name', 'mix', 'settings', 'backend', 'proxy', 'protocol', 'protocol_settings', 'toxics', 'enabled',
                         'timeout', 'percent', 'sleep', 'kind', 'match', 'warmup', 'delay', 'error', 'type', 'stream'])
VALUES = st.sampled_from(['default', 'delay', '10:error', '127.0.0.1:0', 'http', 'latency'])
NEARLY = st.dictionaries(NAMES, JSON | VALUES, max_size=5)
BODIES = st.binary(max_size=200) | JSON.map(json.dumps).map(str.encode) | NEARLY.map(json.dumps).map(str.encode)
CALLS = st.sampled_from([('PUT', '/behavior'), ('PUT', '/backend'), ('POST', '/v1/proxies'), ('PATCH', '/v1/proxies/default'),
                         ('POST', '/v1/proxies/default/reset'), ('POST', '/v1/reset')])
QUIET = settings(max_examples=200, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope='module')
def control():
    with echo_server() as backend, daemon('--backend', backend.address, '--http', '--http-port', '0', '--busy') as vaurien:
        yield vaurien.control
        assert 'Traceback' not in vaurien.log


@pytest.fixture(scope='module')
def schema(control):
    return schemathesis.openapi.from_url(f'{control}/v1/openapi.json')


def tidy(control):
    """Leave the process with its one proxy, a toxic on it and a plan, whatever a request has made; return the entry's id."""
    listed = requests.get(f'{control}/v1/proxies', timeout=PATIENCE).json()['proxies']
    names = [proxy['name'] for proxy in listed]
    for name in names:
        if name != 'default':
            requests.delete(f'{control}/v1/proxies/{name}', timeout=PATIENCE)
    if 'default' not in names:
        requests.post(f'{control}/v1/proxies', json={'name': 'default', 'backend': 'embedded'}, timeout=PATIENCE)
    requests.patch(f'{control}/v1/proxies/default', json={'toxics': [{'type': 'latency', 'name': 'slow'}]}, timeout=PATIENCE)
    plan = requests.put(f'{control}/v1/plan', json={'faults': ['GET /never = hang']}, timeout=PATIENCE).json()
    return plan['entries'][0]['id']


def is_address(value):
    """Return whether the document takes it for an address."""
    return isinstance(value, str) and re.search(f'^({ADDRESS})$', value) is not None


@pytest.mark.parametrize('mode', list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize('method, path', [(endpoint.method, endpoint.path.replace(':int', '')) for endpoint in
                                          native.Native(Fleet(1)).endpoints() if endpoint.path not in ENDLESS])
def test_every_call_keeps_what_the_document_promises(control, schema, method, path, mode):
    checks = schemathesis.checks.CHECKS.get_by_names(list(CHECKS))
    assert len(checks) == len(CHECKS)
    # it reads the events, and holds what it has made of them against the text that they are
    excluded = checks[CHECKS.index('response_schema_conformance'):][:1] if (method, path) == ('POST', SCENARIO) else None
    operation = schema[path][method]
    here = {'proxy': 'default', 'number': 1, 'toxic': 'slow', 'entry': 1} if '{' in path else None
    cases = operation.as_strategy(generation_mode=mode)
    if here:
        given_here = {key: value for key, value in here.items() if f'{{{key}}}' in path}
        cases |= operation.as_strategy(generation_mode=mode, path_parameters=given_here)

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(case=cases)
    def holds(case):
        entry = tidy(control)
        if '{entry}' in path and case.path_parameters['entry'] == 1:
            case.path_parameters['entry'] = entry   # no id is given twice
        if isinstance(case.body, dict) and is_address(case.body.get('proxy')):
            case.body['proxy'] = '127.0.0.1:0'      # it is not for a test to listen anywhere; what is none is refused
        if (method, path) == ('POST', PROXIES) and isinstance(case.body, dict) and mode is schemathesis.GenerationMode.POSITIVE:
            case.body.pop('intercept', None)    # what may stand beside it no schema says
            case.body.setdefault('backend', '127.0.0.1:1')
        if path == SCENARIO and isinstance(case.body, dict) and isinstance(case.body.get('scenario'), dict | str):
            case.body['scenario'] = {'phase': [{'for': 1e-6}]}      # its file has a page of its own; with any scale this is short
        answer = case.call(timeout=PATIENCE)
        met.add(answer.status_code)
        if answer.status_code not in (413, 414):    # documented, and whatever the body is
            case.validate_response(answer, checks=checks, excluded_checks=excluded)
    met: set[int] = set()
    try:
        holds()
    except Unsatisfiable:
        assert mode is schemathesis.GenerationMode.NEGATIVE     # nothing of it can be wrong
    there_is_none = '{number}' in path or (method, path) == ('DELETE', SCENARIO)    # neither session nor scenario
    if mode is schemathesis.GenerationMode.POSITIVE and not there_is_none:
        assert met & {200, 201, 204}, met


@pytest.fixture(scope='module')
def server():
    with steering(spec_for('127.0.0.1:9')) as running:
        yield running


@QUIET
@given(call=CALLS, body=BODIES)
def test_no_body_is_too_much(server, call, body):
    answer = server.ask(*call, body)
    assert answer.status in (200, 201, 400, 409), answer
    assert server.ask('GET', '/v1/proxies').status == 200
    for name in list(server.fleet.proxies):
        if name != 'default':
            assert server.ask('DELETE', f'/v1/proxies/{name}').status == 204
    assert server.ask('POST', '/v1/reset').status == 200


@QUIET
@given(method=st.sampled_from(['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'TRACE', 'FROB']),
       query=st.text(string.printable, max_size=20),
       path=st.text(string.ascii_letters + string.digits + '/%.{}~:;-_', max_size=20),
       root=st.sampled_from(['/', '/v1/', '/v1/proxies/', '/behavior/', '/v1/proxies/default/']))
def test_no_path_is_too_much(server, method, path, query, root):
    quoted = ''.join(f'%{ord(char):02x}' for char in query)
    answer = server.ask(method, f'{root}{path}?{quoted}')
    assert answer.status in (200, 204, 400, 404, 405), answer
