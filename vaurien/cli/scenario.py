"""The command ``vaurien scenario``: plays a file of phases on proxies of its own, and reports what clients saw."""
import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ..client import Client, RefusedError
from ..client.where import find_control
from ..config import Configuration, configure
from ..config.arguments import Parser, parse, wide
from ..config.builder import OF_ONE
from ..config.settings import FILE, Text, flag_of
from ..config.values import taken
from ..errors import ConfigError
from ..options import Bounded, Option
from ..plugins import Catalog, make_catalog
from ..scenario.elsewhere import SIGNALLED, Elsewhere
from ..scenario.playing import Playing, check_files, publish
from ..scenario.program import describe, make_proxies
from ..words.console import complain
from ..words.phases.duration import in_words
from ..words.phases.model import MAX_SCALE, MIN_SCALE, Scenario
from ..words.phases.reading import read_data, read_file, read_tables
from .command import DONE, FAILED, UNMET, USAGE, Task, run, say

if TYPE_CHECKING:
    from gevent.event import Event

    from ..proxies.fleet import Fleet
    from ..spec import ProcessSpec

SYNOPSIS = 'vaurien scenario FILE [--json FILE] [--svg FILE] [--scale NUMBER] [--check] [--control URL | option ...]'
DESCRIPTION = ('Plays the phases of a file, one after the other, puts back what was there before, and reports what clients saw. '
               'Its proxies stand in the file, or are those of the options, which are those of vaurien: vaurien --help-all.')
#: what it can be told beside all that vaurien can
OPTIONS: dict[str, Option] = {
    'json': Option("Write the report into this file, as JSON", FILE, ''),
    'svg': Option("Write a picture of what happened over time into this file", FILE, ''),
    'scale': Option("What all times of the file are multiplied with", Bounded(float, MIN_SCALE, MAX_SCALE), 1.0),
    'check': Option("Check the file, say how long it takes, and start nothing", bool, False),
    'control': Option("Play it on the proxies of a vaurien that runs already, whose control server is there; its token is taken "
                      "from VAURIEN_HTTP_TOKEN", Text('URL', 'a URL', str), ''),
    'reconnect': Option("With --control: reset the connections that are open when it begins, of which nothing would be counted",
                        bool, False),
}
BAD = 400   #: the status of what is refused since a value does not fit
#: what a line names where it has a proxy of its own
NAMING = (*OF_ONE, 'config', 'populate')


def main(argv: Sequence[str]) -> int:
    """Play a scenario.

    Args:
        argv: The arguments after the word ``scenario``.

    Returns:
        The exit status: 0 when it was played to its end, 1 where a phase could not be applied, or what a signal makes of it.

    Raises:
        ConfigError: A value, a name or a key is not acceptable.
        OSError: A file cannot be read or written, or an address not be listened on.
    """
    parser = make_parser()
    if {'--help', '-h'} & set(argv):
        parser.print_help()
        return DONE
    if not argv or argv[0].startswith('-'):
        raise ConfigError('FILE', argv[0] if argv else '', 'the path of a scenario before all options')
    values, rest = parser.read(argv[1:])
    own, scenario = taken(OPTIONS, values), read_file(argv[0])
    if own['control']:
        return play_elsewhere(argv[0], own, rest)
    if own['reconnect']:
        raise ConfigError(values['reconnect'].label, True, '--control beside it')
    configuration = configured(scenario, argv[0], rest)
    playing = Playing(scenario, argv[0], own['scale'], own['json'], own['svg'])
    if own['check']:
        return check(playing, configuration)
    task = Play(playing)
    status = run(configuration, task)
    return task.status or (UNMET if playing.unmet and configuration.spec.strict else status)


def make_parser(_: Catalog | None = None) -> Parser:
    """Make the parser of what this command has beside the options of ``vaurien``, and of all plugins; the docs are made from it
    too."""
    parser = Parser(usage=SYNOPSIS, description=DESCRIPTION, formatter_class=wide, add_help=False)
    parser.add_argument('--help', '-h', action='help', help='Print this, and exit')
    for key, option in OPTIONS.items():
        parser.add_option(parser, key, flag_of(key), option)
    return parser


def play_elsewhere(path: str, own: Mapping[str, Any], rest: Sequence[str]) -> int:
    """Play a scenario in a vaurien that runs already, and return the exit status.

    Args:
        path: The scenario's file.
        own: The values of ``OPTIONS``.
        rest: What else stands on the command line.

    Raises:
        ConfigError: There is something, or it cannot be played there.
        OSError: A file cannot be read or written.
        VaurienError: No vaurien is there, or it was lost.
    """
    if rest:
        raise ConfigError(rest[0], ' '.join(rest[1:]), 'no option of vaurien beside --control: what runs there has its own')
    tables = msgspec.to_builtins(read_tables(path))     # what JSON does not know is text
    read_data(tables, path)
    control = find_control(own['control'], '--control')
    client = Client(control.host, control.port, tls=control.tls)
    check_files(own['json'], own['svg'])
    there = Elsewhere(client, say)
    try:
        report = there.play(tables, label=path, scale=own['scale'], reconnect=own['reconnect'], check=own['check'])
    except RefusedError as error:
        return complain('vaurien scenario', f'--control {own["control"]}: {error}', USAGE if error.status == BAD else FAILED)
    if report is None:
        return DONE
    publish(report, put, own['json'], own['svg'])
    return SIGNALLED + there.number if there.number and report.ended == 'stopped' else DONE if report.ended == 'time' else FAILED


def configured(scenario: Scenario, label: str, rest: Sequence[str]) -> Configuration:
    """Return what the options say, with the proxies of the file beside those that the options name. Without any, there is
    the one of the command line.

    Args:
        scenario: The scenario.
        label: How the user knows its file.
        rest: The options of ``vaurien``.

    Raises:
        ConfigError: A value does not fit, or a name is taken.
    """
    quiet = [] if {'--quiet', '--show'} & {word.partition('=')[0] for word in rest} else ['--quiet']
    found = configure([*quiet, *rest])
    if found.spec.workers != 1:
        raise ConfigError('--workers', found.spec.workers, '1: a scenario counts what clients see in one process')
    own = make_proxies(scenario, found.spec.defaults, label)
    there = found.spec.proxies
    if own and not set(NAMING) & parse(rest, make_catalog()[0]).keys():
        there = ()
    taken_names = {spec.name for spec in there}
    for spec in own:
        if spec.name in taken_names:
            raise ConfigError(f'{label} [[proxy]] name', spec.name, 'a name that no other proxy has')
        taken_names.add(spec.name)
    return Configuration(msgspec.structs.replace(found.spec, proxies=(*there, *own)), found.notes)


def check(playing: Playing, configuration: Configuration) -> int:
    """Check all phases, say how long they take, and return the exit status."""
    from ..proxies.fleet import Fleet
    fleet = Fleet(configuration.spec.seed, configuration.spec.defaults)
    try:
        program = playing.program(fleet, configuration.spec.proxies)
    finally:
        fleet.close()
    for number, stage in enumerate(program.stages, 1):
        say(f'phase {number} of {len(program.stages)}, {stage.name}, {describe(stage)}')
    say(f'{in_words(program.seconds)} in all')
    return DONE


class Play(Task):
    """Plays a scenario, and writes its report.

    Args:
        playing: What is played.

    Attributes:
        status: The exit status.
    """

    breaks = True

    def __init__(self, playing: Playing) -> None:
        self._playing = playing
        self.status = DONE

    def begin(self, fleet: 'Fleet', spec: 'ProcessSpec', tell: Callable[[str], None]) -> None:
        self._playing.prepare(fleet, spec.proxies, tell)

    def work(self, asked: 'Event', number: Callable[[], int]) -> None:
        from ..scenario import player
        self._playing.play(asked)
        self.status = {player.FAILED: FAILED, player.STOPPED: SIGNALLED + number()}.get(self._playing.ended, DONE)

    def end(self) -> None:
        self._playing.finish(put)


def put(line: str) -> None:
    """Write a line of the report."""
    with contextlib.suppress(OSError):  # its reader has left: the files are written all the same
        sys.stdout.write(f'{line}\n')
        sys.stdout.flush()
