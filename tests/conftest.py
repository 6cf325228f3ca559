"""The fixtures that all tests share: one for each real server, running from its first use to the end of the run."""
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from .support import peers, servers
from .support.processes import SHELF, MissingServer

#: In CI a missing server is a failure: a test that is skipped there proves nothing to anybody.
REQUIRED = os.environ.get('VAURIEN_REQUIRE_SERVERS') == '1'

# How long an example takes says more of the machine than of what it tries.
settings.register_profile('patient', deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile('patient')


def pytest_configure(config: pytest.Config) -> None:
    """Give the workers of a run one shelf, from which each takes what the first of them has made.

    An authority of vaurien's own is kept in a folder of this run, and never in that of the user.

    What a test starts listens to SIGINT and SIGQUIT, even where the whole run was sent to the background by a shell that has its
    jobs ignore them. And it keeps what it has compiled: without that each start of vaurien takes three times as long.
    """
    os.environ.pop('PYTHONDONTWRITEBYTECODE', None)
    for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, default)
    os.environ['XDG_DATA_HOME'] = data = tempfile.mkdtemp(prefix='vaurien-data-')
    config.add_cleanup(lambda: shutil.rmtree(data, ignore_errors=True))
    if getattr(config.option, 'numprocesses', None) and SHELF not in os.environ:
        os.environ[SHELF] = shelf = tempfile.mkdtemp(prefix='vaurien-shelf-')
        config.add_cleanup(lambda: shutil.rmtree(shelf, ignore_errors=True))
        config.add_cleanup(lambda: os.environ.pop(SHELF, None))


Start = Callable[[], contextlib.AbstractContextManager[Any]]


def running(start: Start) -> Iterator[Any]:
    """Run a server for the length of a fixture; where it is not installed the test is skipped, or fails."""
    with contextlib.ExitStack() as stack:
        lacking = ''
        try:
            server = stack.enter_context(start())
        except MissingServer as missing:
            lacking = str(missing)
        if lacking and REQUIRED:
            pytest.fail(f'{lacking}, and VAURIEN_REQUIRE_SERVERS=1 asks for it', pytrace=False)
        if lacking:
            pytest.skip(lacking)
        yield server


def fixture(start: Start) -> Any:
    @pytest.fixture(scope='session')
    def server() -> Iterator[Any]:
        yield from running(start)
    return server


redis_server = fixture(servers.redis_server)
memcached_server = fixture(servers.memcached_server)
nginx_server = fixture(servers.nginx_server)
grpc_server = fixture(servers.grpc_server)
websocket_server = fixture(servers.websocket_server)
websocket_node_server = fixture(servers.websocket_node_server)
mariadb_server = fixture(servers.mariadb_server)
postgres_server = fixture(servers.postgres_server)
smtp_server = fixture(servers.smtp_server)
secure_smtp_server = fixture(servers.secure_smtp_server)
redis_tls_server = fixture(servers.redis_tls_server)
postgres_tls_server = fixture(servers.postgres_tls_server)
mariadb_tls_server = fixture(servers.mariadb_tls_server)
smtp_tls_server = fixture(servers.smtp_tls_server)


def _window() -> contextlib.AbstractContextManager[Any]:
    from .support.driven import driven_browser  # selenium is slow to import, and most runs have no use for it
    return driven_browser()


def _axe() -> contextlib.AbstractContextManager[Any]:
    from .support.driven import axe
    return axe()


window = fixture(_window)
axe = fixture(_axe)


@pytest.fixture
def echo_server() -> Iterator[peers.Backend]:
    """A backend of this test's own that echoes."""
    with peers.echo_server() as backend:
        yield backend


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Refuse values without an order: each worker would number the same tests in another one."""
    for mark in metafunc.definition.iter_markers('parametrize'):
        if len(mark.args) > 1 and isinstance(mark.args[1], (set, frozenset)):
            raise pytest.UsageError(f'{metafunc.definition.nodeid}: parametrize over a set; sort it')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names that are others in each process."""
    for item in items:
        if ' at 0x' in item.nodeid:
            raise pytest.UsageError(f'{item.nodeid}: a parameter without ids=')


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make what a test has printed and how it failed fit to travel from a worker: UTF-8 has no lone surrogates."""
    report = yield
    report.sections = [(name, encodable(text)) for name, text in report.sections]
    if report.failed and encodable(text := report.longreprtext) != text:
        report.longrepr = encodable(text)
    return report


def encodable(text: str) -> str:
    return text.encode('utf-8', 'backslashreplace').decode()
