"""Times as a scenario has them: ``500ms``, ``30s``, ``1.5m``, ``2h``, or a number of seconds. Knows no file."""
import re

from ...errors import ConfigError

UNITS = {'ms': 0.001, 's': 1.0, 'm': 60.0, 'h': 3600.0}     #: [s] of each
LONGEST = 7 * 24 * UNITS['h']   #: [s] of one phase; longer is a mistake, and would be no test
FORM = f'a time such as 500ms, 30s, 1.5m or 2h, or seconds as a number, above 0 and at most {LONGEST / 3600:g}h'
WRITTEN = re.compile(r'([0-9]+(?:\.[0-9]+)?) *(ms|s|m|h)')


def read_duration(given: str | float, label: str) -> float:
    """Return a time in seconds.

    Args:
        given: As a user wrote it.
        label: How the user knows it.

    Raises:
        ConfigError: It is of another form, 0, or longer than ``LONGEST``.
    """
    seconds = -1.0
    if not isinstance(given, str):
        seconds = float(given)
    elif found := WRITTEN.fullmatch(given.strip()):
        seconds = float(found[1]) * UNITS[found[2]]
    if not 0 < seconds <= LONGEST:
        raise ConfigError(label, given, FORM)
    return seconds


def in_words(seconds: float) -> str:
    """Write a time in at most three digits, with its unit."""
    unit = 'ms' if seconds < 1 else 's' if seconds < 120 else 'm' if seconds < 7200 else 'h'
    return f'{seconds / UNITS[unit]:.3g} {unit if unit != "m" else "min"}'
