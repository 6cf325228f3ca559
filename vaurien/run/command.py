"""One run: the proxies, the command once they listen, and what it met in the end. Knows no form of an address."""
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..address import CONTROL_VARIABLE, TOKEN_VARIABLE, Address, is_loopback
from ..cli.command import DONE, UNMET, open_outputs, say
from ..cli.log import logger
from ..cli.parts import (
    begin_busy,
    begin_keylog,
    begin_plan,
    describe,
    listen_for_control,
    open_control,
    open_journal,
    warn_of_unmet,
)
from ..errors import ConfigError, VaurienError, in_words
from ..words.console import complain
from . import report
from .beside import Beside
from .intercepting import variables
from .keeper import Keeper
from .places import ANYWHERE
from .setup import Setup, make_setup
from .trust import forget

if TYPE_CHECKING:
    from ..proxies.fleet import Fleet


def run(argv: Sequence[str], keeper: Keeper, environ: Mapping[str, str] = os.environ) -> int:
    """Read a command line, and run the command with its proxies.

    Args:
        argv: The arguments after the word ``run``.
        keeper: The process that is to start the command.
        environ: The environment that the command is to have, but for what is replaced.

    Returns:
        The exit status.

    Raises:
        ConfigError: A value does not fit; nothing was started.
        OSError, VaurienError: Something cannot be opened, and the command was not started; or the keeper was killed.
    """
    setup = make_setup(argv, environ)
    with ExitStack() as ending:
        if setup.trust or any(place.listen.unix for place in setup.places):
            setup, _ = sheltered(setup, keeper, ending)
        if any(place.alone for place in setup.places):
            setup = apart(setup, keeper)
        return between(setup, keeper, environ, ending)


def sheltered(setup: Setup, keeper: Keeper, ending: ExitStack) -> tuple[Setup, Path]:
    """Make a folder that goes with this process, however that ends, and return the setup with its files inside it.

    Args:
        setup: What there is to do.
        keeper: Removes the folder where this process is killed.
        ending: What is to be done in the end is added to it.
    """
    folder = Path(tempfile.mkdtemp(prefix='vaurien-'))
    keeper.send(do='remove', folder=str(folder))
    ending.callback(forget)
    ending.callback(shutil.rmtree, folder, ignore_errors=True)
    for place in setup.places:
        if place.listen.unix:
            (folder / place.name).mkdir()
    return setup.inside(folder), folder


def apart(setup: Setup, keeper: Keeper) -> Setup:
    """Give the command a network of its own, in which the proxies listen, and from which nothing else is reached.

    Raises:
        ConfigError: It would have an address that it cannot have.
        VaurienError: That is not possible here.
    """
    from ..net import sockets
    places = [place for place in setup.places if not place.listen.unix]
    try:
        wanted = [sockets.place_of(place.listen) for place in places]
        for place, (_, where) in zip(places, wanted, strict=True):
            if ':' in where[0] and not is_loopback(where[0]):
                raise ConfigError('--in-place', str(place.listen), 'an address of IPv4, or [::1], where the command is to have a '
                                  'network of its own')
        wanted.append(sockets.place_of(Address(ANYWHERE.host, 0)))
        opened = keeper.open_network([(family, *where[:2]) for family, where in wanted])
    except OSError as error:
        raise VaurienError(f'--in-place: a network of its own for the command is not possible here: {in_words(error)}; '
                           'with HOST:PORT=BACKEND it needs none') from None
    *bound, control = [Address(*sockets.give(one)[1]) for one in opened]
    return setup.listening({place.name: address for place, address in zip(places, bound, strict=True)}, control)


def between(setup: Setup, keeper: Keeper, environ: Mapping[str, str], ending: ExitStack) -> int:
    """Start the proxies, run the command, and say what it met.

    Args:
        setup: What there is to do.
        keeper: The process that is to start the command.
        environ: The environment that the command is to have, but for what is replaced.
        ending: What is to be done in the end is added to it.
    """
    from ..net.sockets import bound_address
    from ..proxies.fleet import Fleet
    from .child import Child, NotStartedError
    configuration = setup.configuration
    spec = configuration.spec
    _, out = open_outputs(spec, sys.stderr, ending)
    for note in configuration.notes:
        logger.warning('%s', note)
    fleet = Fleet(spec.seed, spec.defaults)
    ending.callback(fleet.close)
    child = Child(keeper)
    ending.callback(child.close)
    beside = Beside(setup.playing, fleet, spec, lambda text: None if setup.quiet else say(text, out))
    listener = listen_for_control(spec)
    ending.callback(listener.close)
    scheme = 'https' if spec.http_cert else 'http'
    told = {CONTROL_VARIABLE: f'{scheme}://{bound_address(listener)}', TOKEN_VARIABLE: spec.http_token,
            **begin(setup, fleet, out, ending, environ)}
    try:
        child.start(setup.command, {**environ, **told}, spec.grace)
    except NotStartedError as error:
        return complain('vaurien run', str(error), error.status)
    ending.callback(open_control(fleet, spec, listener).stop)   # slow to import: the command does not wait for it
    beside.start()
    status = child.wait()
    left = child.end_rest()
    beside.stop()
    if not setup.quiet:
        for line in report.lines(fleet, left):
            say(line, out)
    unmet = warn_of_unmet(fleet) or beside.unmet
    beside.finish()
    return status or (UNMET if unmet and spec.strict else DONE)


def begin(setup: Setup, fleet: 'Fleet', out: Any, ending: ExitStack, environ: Mapping[str, str]) -> dict[str, str]:
    """Start all that is to be there before the command is, and return what the command is to be told.

    Args:
        setup: What there is to do.
        fleet: The proxies; none is there yet.
        out: Where lines go.
        ending: What is to be done in the end is added to it.
        environ: The environment of the command so far.
    """
    spec = setup.configuration.spec
    begin_plan(fleet, spec)     # the first client finds it in force
    begin_keylog(spec.tls_keylog)
    if spec.journal:
        ending.callback(open_journal(fleet, spec.journal).close)
    if spec.show != 'none':
        from ..cli.live import is_colored, show
        show(fleet, spec.show, out, is_colored(sys.stderr), ending)
    fleet.reconcile(spec.proxies)
    begin_busy(fleet, spec, lambda text: say(text, out), ending)
    if not setup.quiet:
        for proxy in fleet.proxies.values():
            say(describe(proxy), out)
    addresses = {name: proxy.bound for name, proxy in fleet.proxies.items()}
    return environment(setup, addresses, environ)


def environment(setup: Setup, addresses: Mapping[str, Address], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that say where the proxies are, and whom to trust.

    Args:
        setup: What there is to do.
        addresses: Where they are, by their names.
        environ: The environment of the command so far.
    """
    urls = {place.name: str(addresses[place.name]) for place in setup.places}
    urls |= {through.name: through.told(addresses, setup.trust.authorities if setup.trust else '') for through in setup.throughs}
    told = {through.variable: urls[through.name] for through in setup.throughs if through.variable}
    said = {template.variable: template.filled(addresses, urls) for template in setup.templates}
    return {**everywhere(setup, addresses, environ), **told, **said}


def everywhere(setup: Setup, addresses: Mapping[str, Address], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that say whom to trust, and where the forward proxy is, if there is one.

    Args:
        setup, addresses, environ: As for ``environment``.
    """
    trusting = setup.trust.variables if setup.trust else {}
    if setup.door is None:
        return trusting
    return {**trusting, **variables(addresses[setup.door.name], setup.door.intercept, {**environ, **trusting})}
