"""What ``vaurien explore`` can be told beside what ``vaurien run`` can. One table, for its command line and for the docs."""
import re
from collections.abc import Sequence
from typing import Any

from ..config.settings import CONTROL, FILE, Text
from ..options import Bounded, Option
from ..protocols.kinds import CATEGORIES

MAX_SECONDS = 86_400
UNITS = {'s': 1, 'm': 60, 'h': 3600}
DURATION = re.compile(r'(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>[smh]?)\Z')


def duration(text: Any) -> float:
    """Read how long something may take: ``30s``, ``10m``, ``2h``, or a number of seconds."""
    found = DURATION.match(str(text).strip())
    if found is None or not 0 < (seconds := float(found['number']) * UNITS[found['unit'] or 's']) <= MAX_SECONDS:
        raise ValueError(text)
    return seconds


def letters(text: Any) -> str:
    """Read classes of failures: some letters."""
    if not text or set(str(text)) - set(CATEGORIES):
        raise ValueError(text)
    return str(text)


EVERY = ''.join(CATEGORIES)
#: options of ``explore``
EXPLORE: dict[str, Option] = {
    'budget': Option("How long it may take, the baseline with it: no run of the suite is begun after that but those that "
                     "confirm, and what was left out is said",
                     Text('30s|10m|2h', 'a duration such as 30s, 10m or 2h', duration), None),
    'limit': Option("Seconds that a test may take in any case; one that takes three times as long as without a fault is given "
                    "that", Bounded(float, 0.1, MAX_SECONDS), 10.0),
    'level': Option("1: each failure at each kind of request once, in one test; 2: in every test, and where tests tidy up; 3: at "
                    "each request of each test; 4: as 1, and a second failure at what is asked only under the first one, a retry "
                    "or a fallback, where that had nothing wrong", Bounded(int, 1, 4), 1),
    'must_tolerate': Option("A failure that is worth another try may end no test", bool, False),
    'only': Option("Try it at these requests alone: what they look like, in which * stands for anything; may be repeated", Text(
        'SHAPE', 'what requests look like', str), None),
    'classes': Option("Try these classes of failures alone", Text('LETTERS', f'letters of {EVERY}', letters), EVERY),
    'list': Option("Show what the suite asks and what would be done to it, and do nothing of it", bool, False),
    'json': Option("Write the report into this file, as JSON", FILE, ''),
    'html': Option("Write the report into this file, as one page for a browser that needs no network", FILE, ''),
    'sarif': Option("Write the findings into this file, as SARIF: code hosts show them at the lines of the tests", FILE, ''),
    'junit': Option("Write the findings into this file, as JUnit does: one case for each test", FILE, ''),
    'emit_tests': Option("Write a test of pytest for each FAIL into this folder, which fails as long as that is found", FILE, ''),
    'accept': Option("A file with findings that are known, which vaurien explore accept has written: they make no exit status 1",
                     FILE, ''),
    'fresh': Option("Forget what earlier runs have found out", bool, False),
    'each': Option("What starts one test, for a shell: the name of the test takes the place of {test}", Text(
        "'CMD {test}'", 'a command with {test} in it', str), ''),
    'tests': Option("What prints the names of all tests for --each, one on each line, for a shell", Text(
        'CMD', 'a command', str), ''),
    'state': Option("What tells of the state of the backends, for a shell, as lines and numbers: it is run before and after each "
                    "test, and what the test changes is held against what it changes without the fault", Text(
                        'CMD', 'a command', str), ''),
    'ready': Option("What succeeds once the command, which is a program that serves, is ready, for a shell", Text(
        'CMD', 'a command', str), ''),
    'drive': Option("What asks a program that serves, for a shell: that is the test, and it passes with status 0", Text(
        'CMD', 'a command', str), ''),
    'allow_host': Option("A backend that is neither on this machine nor in a private network, and that may be written to all the "
                         "same; may be repeated", Text('HOST', 'the name or address of a host', str), None),
    'http': Option("Run the control server while it explores: its page shows requests by failures, and what came of each. "
                   "Nothing can be changed by it", bool, False),
    **{key: CONTROL[key] for key in ('http_host', 'http_port', 'http_token')},
}
ASIDE = ('--state', '--drive')   #: what is started beside the command
REPEATED = ('allow_host', 'only')  #: those that may be given several times


def has_aside(argv: Sequence[str]) -> bool:
    """Return whether a command line asks for anything to be started beside the command."""
    before = argv[:argv.index('--')] if '--' in argv else argv
    return any(word.partition('=')[0] in ASIDE for word in before)
