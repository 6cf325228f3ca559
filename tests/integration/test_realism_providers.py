"""The official libraries of APIs meet through vaurien what they meet at a server that says so itself: some rows of each.

``make realism`` runs all rows, and so does this with ``VAURIEN_ALL_CASES=1``.
"""
import os

import pytest

from tests.realism.providers.clients import CLIENTS
from tests.realism.providers.failing import KINDS
from tests.realism.providers.rows import ROWS, stand, table

TABLE = table()
#: every so many rows of a library; those of boto3 take the longest
EACH = {'boto3': 7}
SOME = [row for client in CLIENTS for row in [row for row in ROWS if row.client is client][::EACH.get(client.name, 3)]]
CHOSEN = ROWS if os.environ.get('VAURIEN_ALL_CASES') else SOME
#: codes that are in no model, since any service may answer so; the pages that the kinds name have them
OF_ANY_SERVICE = {'ExpiredToken', 'ExpiredTokenException', 'AccessDeniedException', 'ServiceUnavailable'}
#: the packages of Google share a namespace, and say so
pytestmark = pytest.mark.filterwarnings('ignore::ImportWarning')


@pytest.fixture(scope='module')
def at():
    """The servers, and proxies in front of them."""
    with stand() as made:
        yield made


@pytest.mark.parametrize('row', CHOSEN, ids=lambda row: row.name)
def test_a_library_meets_through_vaurien_what_it_meets_at_a_server_that_says_so(at, row):
    met = at.meet(row)
    assert met.faults == {row.kind}, met.through
    assert met.through == met.really == TABLE[row.kind, row.client.name]


def test_the_table_has_a_row_for_each_kind():
    assert {kind for kind, _ in TABLE} == set(KINDS), 'write it anew: python -m tests.realism.providers --write'
    assert len(TABLE) >= 150


def test_what_a_row_says_has_nothing_in_it_that_is_another_one_each_time():
    assert not [came for came in TABLE.values() if '127.0.0.1' in came or '0x' in came]


def errors(shape):
    """Return what a model says of an error."""
    return shape.metadata.get('error', {})


def test_codes_and_statuses_of_aws_are_those_of_the_models_of_botocore():
    from botocore.session import get_session
    session = get_session()
    retried = str(session.get_component('data_loader').load_data('_retry'))
    for kind, said in KINDS.items():
        if not kind.startswith('aws-') or kind == 'aws-s3-bare-503':
            continue
        code = TABLE[kind, 'boto3'].split(' ')[1]
        service = kind.split('-')[1]
        model = session.get_service_model('bedrock-runtime' if service == 'bedrock' else service)
        shapes = {name: shape for shape in model.error_shapes for name in (shape.name, errors(shape).get('code'))}
        if code not in shapes:      # the code of before there was JSON
            code = said.get('json', '').partition('#')[2].partition('"')[0] or code
        assert code in shapes or f"'{code}'" in retried or code in OF_ANY_SERVICE or service == 's3', kind
        status = errors(shapes[code]).get('httpStatusCode') if code in shapes else None
        assert status in (None, said['status']), kind
