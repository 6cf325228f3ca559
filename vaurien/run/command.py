"""One run: the proxies, the command once they listen, and what it met in the end. Knows no form of an address."""
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..address import CONTROL_VARIABLE, TOKEN_VARIABLE
from ..cli.background import never_waiting
from ..cli.command import describe, open_control, say
from ..cli.log import close_log, log_exception, open_log
from ..console import complain
from ..plugins import KINDS, make_catalog
from . import arguments, specs
from .keeper import Keeper
from .places import Through, read_through

if TYPE_CHECKING:
    from ..config import Configuration


def run(argv: Sequence[str], keeper: Keeper, environ: Mapping[str, str] = os.environ) -> int:
    """Read a command line, and run the command with its proxies.

    Args:
        argv: The arguments after the word ``run``.
        keeper: The process that is to start the command.
        environ: The environment that the command is to have, but for what is replaced.

    Returns:
        The exit status.
    """
    catalog, notes = make_catalog(KINDS)
    options, command = arguments.split(argv)
    line = arguments.read(options, command, catalog)
    throughs = [read_through(given, environ) for given in line.own.get('through', ())]
    places = [place for through in throughs for place in through.places]
    configuration = specs.configuration(line, places, catalog, environ, notes)
    return between(configuration, throughs, command, keeper, environ)


def between(configuration: 'Configuration', throughs: Sequence[Through], command: Sequence[str], keeper: Keeper,
            environ: Mapping[str, str]) -> int:
    """Start the proxies, run the command, and end them."""
    from gevent import get_hub

    from ..proxies.fleet import Fleet
    from .child import Child, NotStartedError
    spec = configuration.spec
    quiet = False
    with ExitStack() as ending:
        log = open_log(spec.log_level, spec.log_output)
        ending.callback(close_log, log)
        out = ending.enter_context(never_waiting(sys.stderr, 'vaurien: lines that were dropped: {}\n'.format))
        hub = get_hub()
        hub.print_exception = log_exception  # type: ignore[method-assign]
        fleet = Fleet(spec.seed, spec.defaults)
        ending.callback(fleet.close)
        child = Child(keeper)
        ending.callback(child.close)
        fleet.reconcile(spec.proxies)
        control = open_control(fleet, spec)
        ending.callback(control.stop)
        for proxy in fleet.proxies.values():
            if not quiet:
                say(describe(proxy), out)
        addresses = {name: proxy.address for name, proxy in fleet.proxies.items()}
        told = {CONTROL_VARIABLE: f'http://{control.address}', TOKEN_VARIABLE: spec.http_token}
        for through in throughs:
            told |= through.told(addresses)
        try:
            child.start(command, {**environ, **told}, spec.grace)
        except NotStartedError as error:
            return complain('vaurien run', str(error), error.status)
        status = child.wait()
        child.end_rest()
        for name, proxy in fleet.proxies.items():
            say(f'{name}: {proxy.totals()[0]} requests, faults {dict(proxy.stats.faults)}', out)
        return status
