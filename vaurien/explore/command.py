"""One exploration from its command line to its exit status. Knows the steps, and no rule."""
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from ..address import TOKEN_VARIABLE
from ..cli.command import open_outputs
from ..config.settings import flag_of
from ..errors import ConfigError
from ..protocols import Protocol
from ..protocols.effects.words import NOTHING_KNOWN
from ..run.arguments import END
from ..run.command import environment, everywhere, sheltered
from ..run.keeper import Keeper
from ..run.setup import Setup, make_setup
from . import arguments
from .accepting import read_accepted
from .exploring import Exploration, wishes_of
from .kept import Kept
from .model.faults import handshake_of
from .report.progress import Progress
from .safety import check_hosts
from .steps import Given
from .suite.kinds import TEST, suite_of
from .suite.lanes import Lane, Lanes
from .suite.runner import Runner


def explore(argv: Sequence[str], keeper: Keeper, aside: Keeper | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Explore a command.

    Args:
        argv: The arguments after the word ``explore``.
        keeper: The process that is to start the command.
        aside: The process that is to start what runs beside it; None: nothing does.
        environ: The environment that the command is to have, but for what is replaced.

    Returns:
        The exit status.

    Raises:
        ConfigError: A value does not fit; nothing was started.
        OSError, VaurienError: Something cannot be opened.
    """
    values, rest = arguments.read(argv)
    rest = with_each(values, rest)
    check_served(values)
    check_outputs(values)
    setup = make_setup(rest, environ)
    check(setup)
    check_hosts([(place.name, address) for place in setup.places for address in place.reached], values['allow_host'])
    wishes = wishes_of(values, read_accepted(values['accept']))
    kept = Kept([*rest, f'level {values["level"]}'], values['fresh'])
    with ExitStack() as ending:
        opened = Opened(*sheltered(setup, keeper, ending), (keeper, aside), environ, ending, values)
        for line in without_requests(setup):
            opened.say(line)
        progress = opened.progress(values)      # an address that cannot be is refused before anything is run
        return Exploration(opened.given(values, rest), wishes, kept, opened.say, progress).run()


def check(setup: Setup) -> None:
    """Refuse what would add faults of its own.

    Raises:
        ConfigError: There is such a thing.
    """
    spec = setup.configuration.spec
    if setup.playing is not None:
        raise ConfigError('--scenario', '', 'nothing: explore says itself what goes wrong')
    if spec.plan:
        raise ConfigError('--fault', '', 'nothing: explore says itself what goes wrong')
    for proxy in spec.proxies:
        if any(entry.name != 'dummy' for entry in proxy.mix) or proxy.toxics:
            raise ConfigError('--behavior, --toxic', proxy.name, 'nothing: explore says itself what goes wrong')
    if any(place.alone for place in setup.places):
        raise ConfigError('--in-place', '', 'HOST:PORT=BACKEND: the command runs many times')


def without_requests(setup: Setup) -> Iterator[str]:
    """Give a line for each proxy whose protocol knows no requests, so that nothing is tried there."""
    for proxy in setup.configuration.spec.proxies:
        if Protocol.get(proxy.protocol).effects is NOTHING_KNOWN:
            yield (f'{proxy.name} speaks {proxy.protocol}, whose requests are not known: nothing is tried there but handshakes '
                   f'of TLS; --through {proxy.name}=HOST:PORT:PROTOCOL or VAR:PROTOCOL says what it speaks')


class Opened:
    """What is open while it explores.

    Args:
        setup: What the command line says.
        folder: A folder for its files.
        keepers: The processes that are to start the command, and what runs beside it; None: nothing does.
        environ: The environment of the command.
        ending: What is to be done in the end is added to it.
        values: What the command line says that is for ``explore`` alone.
    """

    def __init__(self, setup: Setup, folder: Path, keepers: tuple[Keeper, Keeper | None], environ: Mapping[str, str],
                 ending: ExitStack, values: Mapping[str, Any]) -> None:
        from gevent import signal_handler
        self.setup, self._ending, self._environ = setup, ending, environ
        _, self._out = open_outputs(setup.configuration.spec, sys.stdout, ending)
        fleet, through = self._lane()
        self._fleet = fleet
        addresses = {name: proxy.bound for name, proxy in fleet.proxies.items()}
        always = {**environ, **everywhere(setup, addresses, environ)}   # a forward proxy may lead elsewhere than names do
        suite = suite_of(setup.command, *(values[name] for name in ('each', 'ready', 'drive')))
        movable = setup.door is None and not any(place.listen.unix or place.listen.port for place in setup.places)
        lanes = Lanes(self._lane) if movable and not values['state'] else None
        self.runner = Runner(suite, always, through, fleet, keepers[0], folder, keepers[1], values['state'], lanes)
        ending.callback(self.runner.close)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            handler: Any = signal_handler(number, self._stop)
            handler.ref = False
            ending.callback(handler.cancel)

    def _lane(self) -> Lane:
        """Open the proxies, and return them with what tells of them."""
        from ..proxies.fleet import Fleet
        spec = self.setup.configuration.spec
        fleet = Fleet(spec.seed, spec.defaults)
        self._ending.callback(fleet.close)
        fleet.exchanges.follow(lambda exchanged: None)      # sessions are recorded from the first one on
        fleet.exchanges.greetings = True
        fleet.reconcile(spec.proxies)
        addresses = {name: proxy.bound for name, proxy in fleet.proxies.items()}
        return Lane(fleet, environment(self.setup, addresses, self._environ))

    def _stop(self) -> None:
        self.runner.stopping = True

    def say(self, text: str) -> None:
        """Say something to the user."""
        self._out.write(f'{text}\n')
        self._out.flush()

    def progress(self, values: Mapping[str, Any]) -> Progress:
        """Return what shows how far it is: on a terminal, and on the page of a control server where one is wanted.

        Raises:
            ConfigError: Its address needs a token.
            OSError, VaurienError: It cannot be there.
        """
        stream = sys.stderr if sys.stderr.isatty() else None
        if not values['http']:
            return Progress(stream)
        from ..cli.parts import open_control
        from .report.watched import Watched, make_exploring
        token = values['http_token'] or self._environ.get(TOKEN_VARIABLE, '')
        spec = msgspec.structs.replace(self.setup.configuration.spec, http_host=values['http_host'], http_token=token,
                                       http_port=values['http_port'], toxiproxy=False)
        exploring = make_exploring(values['level'])
        server = open_control(self._fleet, spec, exploring=exploring)
        self._ending.callback(server.stop)
        self.say(f'control server on {server.url}')
        return Watched(stream, exploring)

    def given(self, values: Mapping[str, Any], rest: Sequence[str]) -> Given:
        """Return what is explored."""
        protocols = {proxy.name: proxy.protocol for proxy in self.setup.configuration.spec.proxies}
        effects = {name: Protocol.get(protocol).effects for name, protocol in protocols.items()}
        handshakes = {proxy.name: handshake_of(proxy) for proxy in self.setup.configuration.spec.proxies}
        options = list(rest[:list(rest).index(END)])
        if values['tests']:
            self.runner.list_tests(values['tests'])
        return Given(self.runner, protocols, effects, options, self.setup.command, values['limit'], values['level'],
                     values['only'], values['classes'], values['must_tolerate'], handshakes)


def with_each(values: Mapping[str, Any], rest: Sequence[str]) -> list[str]:
    """Return the command line with the command that starts one test, where each is started by itself.

    Raises:
        ConfigError: One of two options is missing, or there is a command beside them.
    """
    each, tests = values['each'], values['tests']
    if not each and not tests:
        return list(rest)
    if not each or TEST not in each:
        raise ConfigError('--each', each, f'a command that starts one test, whose name takes the place of {TEST}')
    if not tests:
        raise ConfigError('--tests', tests, 'a command that prints the names of all tests, one on each line')
    if END in rest:
        raise ConfigError(END, ' '.join(rest[list(rest).index(END):]), 'no command beside --each')
    return [*rest, END, '/bin/sh', '-c', each]


def check_served(values: Mapping[str, Any]) -> None:
    """Refuse one of two options that need each other, and what they have no use for.

    Raises:
        ConfigError: There is such a thing.
    """
    ready, drive = values['ready'], values['drive']
    if bool(ready) != bool(drive):
        missing, there = ('--ready', '--drive') if drive else ('--drive', '--ready')
        raise ConfigError(missing, '', f'a command beside {there}: one says that the program is ready, the other asks it')
    if drive and values['each']:
        raise ConfigError('--drive', drive, 'no --each beside it: what asks the program is the one test')


def check_outputs(values: Mapping[str, Any]) -> None:
    """Refuse files that cannot be written in the end, before all is done in vain.

    Raises:
        ConfigError: The folder of one is not there, or a folder stands where a file is to be, or the other way round.
    """
    for key in ('json', 'html', 'sarif', 'junit'):
        path = Path(values[key]).absolute()
        if values[key] and (path.is_dir() or not path.parent.is_dir()):
            raise ConfigError(flag_of(key), values[key], 'a file in a folder that is there')
    if values['emit_tests'] and Path(values['emit_tests']).exists() and not Path(values['emit_tests']).is_dir():
        raise ConfigError('--emit-tests', values['emit_tests'], 'a folder')
