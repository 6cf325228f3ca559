"""pytest's fixture ``vaurien``. Every run of pytest loads this file: nothing else of vaurien comes before a test asks for it."""
import contextlib
import os
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .client import Client, Fault
    from .testing import Daemon, RunningProxy
    from .testing.marks import Mark
    from .testing.shared import ExistingProxy, Shared

SEED = pytest.StashKey[int]()
MAX_NAME_CHARACTERS = 80    #: of a test's name that its proxies are called by; the control server takes 100
MARKED = '@pytest.mark.vaurien'    #: what messages about a mark begin with
MARK = ('vaurien(*entries, fault, behavior, mix, toxic, link, down, stop_accepting, proxy=0, unused_ok=False, **options): what '
        'the proxies of the fixture vaurien do while the test runs: entries of a plan, or one method of a proxy with its '
        'arguments')
CONTROL = 'VAURIEN_CONTROL'   #: names a vaurien that runs already; ``vaurien run`` sets it
SEED_INPUT = 'vaurien_seed'     #: the name by which xdist hands its workers the seed
USED_OUTPUT = 'vaurien_used'    #: the name by which a worker says that a test has used vaurien
USED = pytest.StashKey[bool]()


class Vaurien:
    """What the fixture ``vaurien`` gives: proxies for one test, in a daemon that all tests share.

    Args:
        daemon: The daemon, or the vaurien that runs already.
        test: What its proxies are called by; with the seed it decides which faults are drawn, whatever else runs before and
            beside it.

    Attributes:
        seed: What all randomness is made from: ``--vaurien-seed``, or what the run says once it has collected its tests; that of
            the vaurien that ``VAURIEN_CONTROL`` names.
    """

    def __init__(self, daemon: 'Daemon | Shared', test: str) -> None:
        self.seed = daemon.seed
        self._daemon, self._test = daemon, test
        self._proxies: list[RunningProxy] = []
        self._existing: list[ExistingProxy] = []    # some of them
        self._marks: list[Mark] = []    # of the test, while it runs
        self._ends: list[tuple[RunningProxy, Callable[[], None]]] = []     # of what they have done
        self._logged = daemon.logged

    def proxy(self, backend: str = '', protocol: str = 'tcp', **options: Any) -> 'RunningProxy':
        """Make a proxy for this test; it is removed after it.

        Args:
            backend: Where it connects to: ``localhost:6379``, ``unix:/path``, or ``embedded``, a small HTTP server.
            protocol: What client and backend speak.
            options: As for ``vaurien.testing.Daemon.create``: ``mix='20:delay'``, ``settings={'delay': {'sleep': 2}}``, ...,
                ``intercept='api.stripe.com'`` in place of backend and protocol.
                A fault that was certain to be applied, and was not, fails the test; ``unused_ok=True`` lets it pass.

        Raises:
            ValueError: A name or a value does not fit.
        """
        __tracebackhide__ = True
        name = f'{self._test}.{len(self._proxies) - len(self._existing) + 1}'
        proxy = self._daemon.create(**{'name': name, 'backend': backend, 'protocol': protocol, **options})
        self._proxies.append(proxy)
        self._apply(proxy, len(self._proxies))
        return proxy

    def existing(self, name: str) -> 'ExistingProxy':
        """Take a proxy that is there in the vaurien that ``VAURIEN_CONTROL`` names: below ``vaurien run``, one of its own.

        What the test changes of it comes back at its end, and only what the test asks for has to be applied.

        Args:
            name: Its name there: ``redis_url`` for ``--through REDIS_URL``.

        Raises:
            ValueError: There is no such proxy.
            VaurienError: ``VAURIEN_CONTROL`` names no vaurien.
        """
        __tracebackhide__ = True
        from .client import Client
        from .errors import VaurienError
        from .testing.shared import ExistingProxy
        if not os.environ.get(CONTROL):
            raise VaurienError(f'existing({name!r}): {CONTROL} is not set, expected where a vaurien runs that has this proxy')
        proxy = ExistingProxy(Client(), name)
        self._existing.append(proxy)
        self._proxies.append(proxy)
        self._apply(proxy, len(self._proxies))
        return proxy

    def begin(self, marks: 'list[Mark]') -> None:
        """Let the proxies do what the marks of the test say: those that its fixtures have made, and those that it makes itself.

        A mark that cannot hold fails the test with one line.
        """
        self._marks = marks
        for number, proxy in enumerate(self._proxies, 1):
            self._apply(proxy, number)

    def _apply(self, proxy: 'RunningProxy', number: int) -> None:
        if not self._marks:
            return
        from .errors import VaurienError
        from .testing.marks import about
        try:
            for mark in about(self._marks, number):
                self._ends.append((proxy, mark.apply(proxy)))
        except VaurienError as error:
            pytest.fail(f'{MARKED}: {error}', pytrace=False)

    def end(self) -> None:
        """Let the proxies be as they were, for the fixtures that end after the test."""
        from .errors import VaurienError
        self._marks, ends, self._ends = [], self._ends, []
        with contextlib.suppress(VaurienError):     # it has ended, which is said when the proxies are removed
            for proxy, end in reversed(ends):
                if proxy.name in there(proxy.client):
                    end()

    def unmet(self) -> str:
        """Say which mark was about a proxy that was never made; empty: none."""
        made = len(self._proxies)
        return '\n'.join(f'{MARKED}: {mark.method} is about proxy {mark.proxy or 1} of the test, which has made {made or "none"}'
                         for mark in self._marks if made < (mark.proxy or 1))

    def unused(self) -> str:
        """Say which faults were asked for, were certain to be applied, and never were; empty: none."""
        from .errors import UnusedFaultError
        lines = []
        for proxy in self._proxies:
            try:
                proxy.check_used()
            except UnusedFaultError as error:
                lines.append(str(error))
        return '\n'.join(lines)

    def close(self) -> None:
        """Remove the proxies of this test that are still there, and let those of others be what they were."""
        for existing in reversed(self._existing):   # one may have been taken twice, as the test had changed it
            existing.end()
        names = there(self._daemon.client)
        for proxy in self._proxies:
            if proxy not in self._existing and proxy.name in names:
                proxy.forget_plan()
                self._daemon.client.remove(proxy.name)

    def report(self) -> str:
        """Say which faults the test has met, and how they come again."""
        from .errors import VaurienError
        lines = []
        for proxy in self._proxies:
            try:
                faults = proxy.faults
            except VaurienError as error:
                lines.append(f'{proxy.name} at {proxy.address}: {error}')
            else:
                lines.append(f'{proxy.name} at {proxy.address}: faults met: {len(faults)}')
                lines += [f'  {line_of(fault)}' for fault in faults]
        return '\n'.join([*lines, self._daemon.repeat()])

    def sections(self) -> list[tuple[str, str]]:
        """Return what goes into the report of a failure; nothing where the daemon has been ended already."""
        if self._daemon.closed:
            return []
        log = self._daemon.log(self._logged)
        return [('vaurien', self.report()), *([('vaurien log', log)] if log else [])]


FOUND = pytest.StashKey[Vaurien]()  #: what the fixture has given a test


def there(client: 'Client') -> set[str]:
    """Return the names of the proxies that there are."""
    return {proxy['name'] for proxy in client.proxies()}


def line_of(fault: 'Fault') -> str:
    """Write a fault as a line."""
    kind = f' ({fault.kind})' if fault.kind else ''
    return f'session {fault.session}, exchange {fault.exchange}: {fault.behavior}{kind} {fault.request!r}'


# -- the seed

def read_seed(text: str) -> int:
    """Read a seed from the command line."""
    if not text.isascii() or not text.isdigit():
        raise ValueError(text)
    return int(text)


read_seed.__name__ = 'integer of at least 0'   # argparse names it in its message


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare ``--vaurien-seed`` and the settings ``vaurien_plugins`` and ``vaurien_kinds``."""
    group = parser.getgroup('vaurien')
    group.addoption('--vaurien-seed', type=read_seed, metavar='N', default=None,
                    help='what the faults are drawn from; each run with such a test says which one it had')
    parser.addini('vaurien_plugins', 'modules that register protocols or behaviors, for the fixture vaurien', type='args',
                  default=[])
    parser.addini('vaurien_kinds', 'files of kinds of error, for the fixture vaurien', type='paths', default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark ``vaurien``, and choose the seed where none is given; a worker of xdist has that of the whole run."""
    config.addinivalue_line('markers', MARK)
    given = getattr(config, 'workerinput', {}).get(SEED_INPUT, config.getoption('vaurien_seed'))
    config.stash[SEED] = int.from_bytes(os.urandom(4), 'big') if given is None else given


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand a worker of xdist the seed."""
    node.workerinput[SEED_INPUT] = node.config.stash[SEED]


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> list[str]:
    """Say how the faults of this run come again, if a test of it can have any."""
    return seed_lines(config) if any(vaurien.__name__ in getattr(item, 'fixturenames', ()) for item in items) else []


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Learn from a worker of xdist, which alone has seen the tests, whether one of them has used vaurien."""
    if getattr(node, 'workeroutput', {}).get(USED_OUTPUT):
        node.config.stash[USED] = True


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say at the end of a run by xdist how its faults come again."""
    if config.stash.get(USED, False):
        for line in seed_lines(config):
            terminalreporter.write_line(line)


def seed_lines(config: pytest.Config) -> list[str]:
    """Return the line that repeats a run, or names the vaurien that has the seed; none where little is to be said."""
    where = f'the one of {CONTROL}, {os.environ[CONTROL]}' if is_shared(config) else f'--vaurien-seed {config.stash[SEED]}'
    return [f'vaurien: {where}'] if config.get_verbosity() >= 0 else []


def is_shared(config: pytest.Config) -> bool:
    """Return whether proxies are made in a vaurien that runs already: not where a seed, plugins or kinds are asked for, which
    only a new one can have."""
    asked = config.getoption('vaurien_seed') is not None or config.getini('vaurien_plugins') or config.getini('vaurien_kinds')
    return bool(os.environ.get(CONTROL)) and not asked


# -- fixtures and reports

@pytest.fixture(scope='session')
def _vaurien_daemon(pytestconfig: pytest.Config) -> 'Iterator[Daemon | Shared]':
    daemon: Any
    if is_shared(pytestconfig):
        daemon = shared()
    else:
        from .testing import Daemon
        daemon = Daemon(pytestconfig.stash[SEED], pytestconfig.getini('vaurien_plugins'),
                        kinds=[str(path) for path in pytestconfig.getini('vaurien_kinds')])
    getattr(pytestconfig, 'workeroutput', {})[USED_OUTPUT] = True
    yield daemon
    daemon.close()


def shared() -> 'Shared':
    """Find the vaurien that runs already; where there is none, or it refuses, the test has an error of one line."""
    from .errors import VaurienError
    from .testing.shared import Shared
    try:
        return Shared()
    except VaurienError as error:
        pytest.fail(f'{error} ({CONTROL} is set; without it the tests start a vaurien of their own)', pytrace=False)


def called(test: pytest.Item, apart: bool) -> str:
    """Return what the proxies of a test are called by.

    Args:
        test: The test.
        apart: Also other files may have a test of this name, at the same time.
    """
    text = re.sub(r'[^A-Za-z0-9.]+', '-', test.nodeid if apart else test.name).strip('-.')
    return text[-MAX_NAME_CHARACTERS:].lstrip('-.') if apart else text[:MAX_NAME_CHARACTERS]


@pytest.fixture
def vaurien(request: pytest.FixtureRequest, _vaurien_daemon: 'Daemon | Shared') -> Iterator[Vaurien]:
    """Chaos proxies for this test: ``vaurien.proxy(backend='localhost:6379', protocol='redis')``."""
    found = request.node.stash[FOUND] = Vaurien(_vaurien_daemon, called(request.node, is_shared(request.config)))
    yield found
    found.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Let the marks of a test hold while it runs; fail one that would pass though a fault that it has asked for was never
    applied."""
    found, marks = item.stash.get(FOUND, None), list(item.iter_markers('vaurien'))[::-1]    # the class's, then its own
    if found is None:
        if marks:
            pytest.fail(f'{MARKED}: the test does not use the fixture vaurien', pytrace=False)
        yield
        return
    try:
        if marks:
            found.begin(read(marks))
        yield
        unused = found.unmet() or found.unused()
    finally:
        found.end()
    if unused:
        pytest.fail(unused, pytrace=False)


def read(marks: list[pytest.Mark]) -> 'list[Mark]':
    """Read the marks of a test; one that says nothing that can be read fails the test with one line."""
    from .errors import VaurienError
    from .testing.marks import read_mark
    try:
        return [read_mark(mark.args, mark.kwargs) for mark in marks]
    except VaurienError as error:
        pytest.fail(f'{MARKED}: {error}', pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the faults that a failed test has met, and what vaurien logged."""
    report = yield
    found = item.stash.get(FOUND, None)
    if report.failed and found is not None:
        report.sections += found.sections()
    return report
