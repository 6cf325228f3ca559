"""What a test changes in what its backends have, as a command of the user shows that before and after it. Pure.

The command prints lines. One that ends with a number counts: ``payments 3``, ``payments|3``, ``3``; what stands before the number
is its name. Of all others it counts how often they are there.
"""
import re
from collections import Counter
from collections.abc import Mapping

NUMBERED = re.compile(r'(?P<name>.*?)(?P<number>-?[0-9]{1,18})\s*\Z', re.DOTALL)

#: by what is counted: by how much it is more after the test than before, less below 0; what stays the same is not there
Change = Mapping[str, int]


def counted(text: str) -> Counter[str]:
    """Return what is counted in what the command has printed.

    >>> counted('payments 3\\nann\\nann\\n')
    Counter({'payments': 3, 'ann': 2})
    """
    found: Counter[str] = Counter()
    for line in filter(None, map(str.strip, text.splitlines())):
        number = NUMBERED.match(line)
        if number is None:
            found[line] += 1
        else:
            found[number['name'].rstrip(' \t|:=,;') or 'it'] += int(number['number'])
    return found


def change(before: str, after: str) -> Change:
    """Return what has changed between two outputs of the command."""
    then, now = counted(before), counted(after)
    return {name: now[name] - then[name] for name in sorted(then.keys() | now.keys()) if now[name] != then[name]}


def more(change: Change, usual: Change) -> str:
    """Return what has changed by more than usual, as the report says it; empty: nothing has.

    What does not change otherwise counts for nothing: a failure may leave its own traces.
    """
    return said(change, [name for name, by in usual.items() if change.get(name, 0) * by > by * by], usual)


def fewer(change: Change, usual: Change) -> str:
    """Return what has changed by less than usual, as the report says it; empty: nothing has."""
    return said(change, [name for name, by in usual.items() if change.get(name, 0) * by < by * by], usual)


def said(change: Change, names: list[str], usual: Change) -> str:
    """Write changes beside what they usually are."""
    return ', '.join(f'{name} {change.get(name, 0):+d}, and {usual[name]:+d} without the fault' for name in names)
