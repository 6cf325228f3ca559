"""Real clients meet through vaurien what they meet at a server whose TLS fails so: each kind once, with one client or another.

``make realism`` runs all rows.
"""
import pytest

from tests.realism.tls.failing import FAILING
from tests.realism.tls.rows import MATCHES, ROWS, stand, table, there
from vaurien.protocols.tls_kinds import STREAM_KINDS, TLS_KINDS

TABLE = table()
KNOWN = [row for row in ROWS if (row.kind, row.client.name) in TABLE]
#: those that do not tell apart whether a break has come together with what was before it
SIMPLE = {'urllib', 'urllib3', 'requests', 'redis-py', 'smtplib'}
#: those that take long to start, or to give up, have their turn in ``make realism``
SLOW = 'Node', 'grpc', 'psycopg', 'PyMySQL'
QUICK = [row for row in KNOWN if not row.client.name.startswith(SLOW) and row.kind != 'handshake-hang'
         and (row.kind not in STREAM_KINDS or row.client.name in SIMPLE)
         and (row.kind != 'tls-reset' or row.client.protocol != 'http')]


def two_of_each(rows):
    """Return two rows of each kind, of another pair of clients each time."""
    chosen = []
    for number, kind in enumerate(TLS_KINDS):
        found = [row for row in rows if row.kind == kind]
        chosen += [found[(number + more) % len(found)] for more in (0, 3) if found]
    return sorted(dict.fromkeys(chosen), key=lambda row: row.name)


@pytest.fixture(scope='module')
def at(nginx_server, redis_server, smtp_server):
    """The servers of the session, and proxies in front of them."""
    with stand() as made:
        made.use(http=nginx_server, redis=redis_server, smtp=smtp_server)
        yield made


@pytest.mark.parametrize('row', two_of_each(QUICK), ids=lambda row: row.name)
def test_a_client_meets_through_vaurien_what_it_meets_at_a_server_that_fails_so(at, row):
    if not there(row):
        pytest.skip(f'{row.client.name} is not installed')
    met = at.meet(row)
    assert met.faults == {row.kind}
    assert met.through == met.really


def test_the_table_has_a_row_for_each_kind_with_each_client_but_where_it_says_why_not():
    lacking = {(row.kind, row.client.name) for row in ROWS} - TABLE.keys()
    assert len(TABLE) >= 150
    assert {kind for kind, _ in TABLE} == set(TLS_KINDS) == set(FAILING)
    assert lacking <= {('old-tls', 'curl'), *((kind, row.client.name) for kind in STREAM_KINDS for row in ROWS)}
    assert TABLE.keys() <= {(row.kind, row.client.name) for row in ROWS}
    assert not [kind for kind, name in TABLE if kind in STREAM_KINDS and name == 'grpcio'], MATCHES


def test_what_a_row_says_has_nothing_in_it_that_is_another_one_each_time():
    assert not [came for came in TABLE.values() if '127.0.0.1' in came or '_ssl.c:1' in came or '/tmp' in came]
