"""Real clients raise through vaurien what they raise when the server fails: the rows of ``tests.realism``, one by one."""
import pytest

from tests.conftest import REQUIRED
from tests.realism import renderer
from tests.realism.runner import expected, meet, protocol_of, protocols, really
from tests.support.own import own
from tests.support.processes import MissingServer
from tests.support.proxied import between
from vaurien.protocols import Protocol

PROTOCOLS = protocols()
#: these have the same kinds, each shown by the clients that it is for
OF_HTTP = 'http', 'grpc', 'websocket'
ROWS = [pytest.param(name, row, id=f'{name}-{row.kind}-{row.client.name}-{place}')
        for name, module in PROTOCOLS.items() for place, row in enumerate(module.ROWS)]


@pytest.fixture(scope='module')
def proxies(daemon, request):
    """The proxy in front of a protocol's server, or of another port of it; made once for each."""
    made = {}

    def proxy(name, row):
        if (name, row.backend) not in made:
            server = request.getfixturevalue(PROTOCOLS[name].SERVER)
            context = between(daemon, f'realism-{name}-{len(made)}', row.backend(server) if row.backend else server,
                              protocol_of(PROTOCOLS[name], name))
            request.addfinalizer(lambda: context.__exit__(None, None, None))
            made[name, row.backend] = context.__enter__()
        return made[name, row.backend]
    return proxy


def needed(row):
    """Skip a row whose client is not to be had, or fail where all have to be."""
    try:
        row.client.needs()
    except MissingServer as missing:
        (pytest.fail if REQUIRED else pytest.skip)(str(missing))


@pytest.mark.parametrize('name, row', ROWS)
def test_client_meets_what_the_row_says_and_works_on(proxies, name, row):
    needed(row)
    assert meet(row, proxies(name, row)) == expected(row)


@pytest.mark.parametrize('name, row', [param for param in ROWS if param.values[1].real])
def test_client_meets_the_same_when_the_server_itself_fails(request, name, row):
    needed(row)
    server = request.getfixturevalue(PROTOCOLS[name].SERVER)
    assert really(row, server) == row.outcome


@pytest.mark.parametrize('name', own(Protocol))
def test_every_kind_has_a_row(name):
    rows = PROTOCOLS[name].ROWS if name in PROTOCOLS else []
    shown, there = {row.kind for row in rows}, set(Protocol.get(name).errors)
    elsewhere = {row.kind for other in OF_HTTP for row in PROTOCOLS[other].ROWS} & there if name in OF_HTTP else set()
    assert not there - shown - elsewhere, f'give each a row in tests/realism/{name}.py: {", ".join(sorted(there - shown))}'
    assert not shown - there, f'tests/realism/{name}.py has rows of kinds that there are not: {", ".join(sorted(shown - there))}'


@pytest.mark.parametrize('name', PROTOCOLS)
def test_page_of_the_docs_says_what_the_rows_say(name):
    page = renderer.page(name, PROTOCOLS[name].ROWS, protocol_of(PROTOCOLS[name], name))
    assert renderer.path(name).exists(), f'write it: python -m tests.realism --write {name}'
    assert renderer.path(name).read_text('utf-8') == page, f'write it anew: python -m tests.realism --write {name}'


@pytest.mark.parametrize('name, row', ROWS)
def test_row_says_how_the_server_was_made_to_fail_where_it_was(name, row):
    assert bool(row.how) == (row.real is not None), 'a row has both how and real, or neither'
