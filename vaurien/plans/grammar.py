"""The text of an entry of a plan, both ways: ``[PROXY: ]GLOB [#N|#*] = NAME[ option=value ...]``. Pure; knows no plugin.

The text is split at its last `` = ``: names of requests have equals signs, names of failures have none. A value in quotes may
have anything.
"""
import re
from typing import Any

import msgspec

from ..errors import ConfigError
from ..options import Bounded, Option, convert
from ..options import known as nearest
from ..spec import MAX_COUNT, FaultSpec

FORM = '[PROXY: ]GLOB [#N|#*] = NAME[ option=value ...], such as "cache: SET session:* #2 = readonly"'
SPLIT = ' = '
#: what stands before the name of a request where the name of a proxy does; no name of a proxy has a space
PROXY = re.compile(r'(\S+): +(?=\S)')
#: which of the requests that match
OCCURRENCE = re.compile(r'(?:(?<=\s)|\A)#(\*|[0-9]{1,16})\Z')
#: an equals sign that could be taken for the one of ``SPLIT``; in a value that has a space, so that it is quoted
LONE = re.compile('(?<= )=(?= )')
Count = Bounded(int, 0, MAX_COUNT)
#: options that are lists wherever they are known: they may stand there several times
LISTS = frozenset(('add', 'header', 'json', 'remove'))
#: what may stand among the options and is no option of what is applied: it says more about which requests are meant
WHERE: dict[str, Option] = {
    'match': Option("A regular expression that is searched in the request's name", str, ''),
    'stage': Option("The stage of the exchange", str, ''),
    'count': Option("How many requests in a row get it, from #N on; 0: all", Count, 1),
    'test': Option("The tests that it is about, by the name of their mark; the count begins anew with each", str, ''),
    'session': Option("The session's number in its proxy", Count, 0),
    'exchange': Option("The exchange's number in its session", Count, 0),
}


def read_fault(text: str, label: str = '--fault') -> FaultSpec:
    """Read one entry of a plan.

    Args:
        text: The entry.
        label: How the user knows it; it goes into the message.

    Raises:
        ConfigError: It is not of this form, or a value does not fit.
    """
    which, equals, what = text.strip().rpartition(SPLIT)
    if not equals:
        raise ConfigError(label, text, FORM)
    try:
        import shlex  # slow to import, and most processes have no plan
        name, *options = shlex.split(what)
    except ValueError:      # no name, or a quote that is not closed
        raise ConfigError(label, text, FORM) from None
    given: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition('=')
        if not key.isidentifier() or not equals:
            raise ConfigError(label, option, 'option=value after the name of what is applied')
        if key in LISTS:
            given.setdefault(key, []).append(value)
            continue
        if key in given:
            raise ConfigError(label, option, 'each option once')
        given[key] = value
    where = {key: convert(f'{label} {key}', WHERE[key], given.pop(key)) for key in WHERE if key in given}
    proxy, request, nth = read_which(which.strip(), text, label)
    return FaultSpec(name=name, proxy=proxy, request=request, nth=nth, settings=given, **where)


def read_which(which: str, text: str, label: str) -> tuple[str, str, int]:
    """Read which requests are meant: the proxy, the request, and which of them."""
    proxy, nth = '*', 1
    if found := PROXY.match(which):
        proxy, which = found[1], which[found.end():]
    if found := OCCURRENCE.search(which):
        which = which[:found.start()].rstrip()
        nth = 0 if found[1] == '*' else int(found[1])
        if found[1] == '0':
            raise ConfigError(label, text, '#1 for the first request that matches, or #* for each')
    if nth > MAX_COUNT:
        raise ConfigError(label, text, FORM)
    return proxy, which or '*', nth


def format_fault(spec: FaultSpec) -> str:
    """Write an entry of a plan as ``read_fault`` reads it; values of options become text."""
    request = spec.request
    if spec.nth != 1 or OCCURRENCE.search(request):
        request += f' #{spec.nth or "*"}'
    if spec.proxy != '*' or PROXY.match(request):
        request = f'{spec.proxy}: {request}'
    options = {**{key: getattr(spec, key) for key, option in WHERE.items() if getattr(spec, key) != option.default},
               **spec.settings}
    told = [f'{key}={quoted(one)}' for key, value in options.items() for one in (value if isinstance(value, list) else (value,))]
    return SPLIT.join((request, ' '.join((spec.name, *told))))


def quoted(value: Any) -> str:
    """Write a value so that it is one word, in which no equals sign stands between two spaces."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    import shlex
    return LONE.sub("'='", shlex.quote(text))


def make_fault(data: Any, label: str) -> FaultSpec:
    """Make an entry of a plan of what a file or a body gives: its text, or its fields.

    Raises:
        ConfigError: A field is not known, or a value does not fit.
    """
    if isinstance(data, FaultSpec):
        return data
    if isinstance(data, str):
        return read_fault(data, label)
    fields = FaultSpec.__struct_fields__
    if not isinstance(data, dict):
        raise ConfigError(label, data, f'a text, {FORM}, or a table of {", ".join(fields)}')
    for key in data:
        if key not in fields:
            raise ConfigError(label, key, nearest(str(key), fields))
    try:
        return msgspec.convert(data, FaultSpec)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(' - at `')
        key = path.removesuffix('`').removeprefix('$').removeprefix('.')
        raise ConfigError(f'{label} {key}'.strip(), data.get(key, data), what.removeprefix('Expected ').rstrip('.')) from None
