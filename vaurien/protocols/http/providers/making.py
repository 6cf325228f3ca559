"""Makes kinds of failure of what a file says, and refuses what could not be sent. Knows no file."""
import re
from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec
from msgspec import UNSET

from ....errors import ConfigError
from ....registry import NAME, NAME_FORM
from ....words.responses import OWN_FIELDS
from ...message import FailureKind
from ..events.failures import stream_kind
from ..events.formats import Event
from ..events.plan import StreamFault
from ..grpc.failures import STAGES as CALLS
from ..grpc.failures import trailers_only
from ..h2.failures import builder
from ..headers import CALL
from ..own.respond import STAGES, kind
from ..written import MAX_BODY_BYTES, Field, Written
from .model import Kind, Table

#: a response is no answer to a call, which ends with a status of gRPC; ``grpc-http-503`` and its like are for that
OF_PAGES: Final = tuple(stage for stage in STAGES if stage != CALL)
FIELD: Final = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x20-\x7e\x80-\uffff\t]*?)[ \t]*\Z")
JSON_TYPE: Final = 'Content-Type', 'application/json'
#: what a message of gRPC may have as it is (the page "gRPC over HTTP2"); the rest is percent-encoded
PLAIN: Final = ''.join(map(chr, range(0x20, 0x7f))).replace('%', '')
#: the keys of a kind, one of which says what it is, with those that go with it
FORMS: Final = {'status': ('fields', 'json', 'body'), 'call': ('fields', 'message'), 'end': ('after', 'says')}


class Row(NamedTuple):
    """A kind, and where it comes from."""

    kind: FailureKind
    source: str


def rows(table: Table, label: str) -> dict[str, Row]:
    """Make the kinds of a file, by name.

    Args:
        table: What it says.
        label: How the user knows the file.

    Raises:
        ConfigError: Something cannot be sent, or a kind says two things.
    """
    common = fields_of(table.fields, f'{label} fields')
    return {name: Row(made(name, entry, common, f'{label} kinds.{name}'), entry.source or table.source)
            for name, entry in table.kinds.items()}


def made(name: str, entry: Kind, common: Iterable[Field], label: str) -> FailureKind:
    """Make one kind.

    Args:
        name: Its name.
        entry: What the file says of it.
        common: Fields of all kinds of the file; a kind's own of the same name win.
        label: How the user knows it.

    Raises:
        ConfigError: As for ``rows``.
    """
    if not NAME.match(name):
        raise ConfigError(label, name, f'a name of {NAME_FORM}')
    form = check_form(entry, label)
    fields = fields_of(entry.fields, f'{label} fields')
    if form == 'call':
        more = [(field.lower().encode(), value.encode()) for field, value in fields]
        make = trailers_only(str(entry.call), quote(entry.message, safe=PLAIN), *more)
        return FailureKind(entry.description, CALLS, builder(make), (), entry.category, entry.scope, True)
    if form == 'end':
        fault = StreamFault(str(entry.end), tuple(map(event, entry.says)), None if entry.after is UNSET else entry.after)
        return stream_kind(entry.description, fault, entry.category, entry.scope)
    said = {field.lower() for field, _ in fields}
    fields = [*(field for field in common if field[0].lower() not in said), *fields]
    written = Written(int(entry.status), *content(entry, fields, label))     # type: ignore[arg-type]
    return kind(entry.description, written, (), entry.category, entry.scope, OF_PAGES)


def event(text: str) -> Event:
    """Return an event of which a file says the lines, or the data alone."""
    return Event(text, as_it_is=any(line.startswith('data:') for line in text.split('\n')))


def check_form(entry: Kind, label: str) -> str:
    """Return which of ``FORMS`` a kind is of.

    Raises:
        ConfigError: It is of none or of several, or says what does not go with it.
    """
    said = [key for key in FORMS if getattr(entry, key) is not UNSET]
    if len(said) != 1:
        raise ConfigError(label, ', '.join(said) or 'none', f'exactly one of {", ".join(FORMS)}')
    allowed = FORMS[said[0]]
    for key in {key: None for keys in FORMS.values() for key in keys}:
        if key not in allowed and getattr(entry, key) not in (UNSET, '', []):
            raise ConfigError(f'{label}.{key}', getattr(entry, key), f'nothing beside {said[0]}')
    return said[0]


def fields_of(lines: Iterable[str], label: str) -> list[Field]:
    """Take fields apart.

    Raises:
        ConfigError: One is none, or is for the writer to say.
    """
    found = []
    for number, line in enumerate(lines):
        field = FIELD.match(line)
        if not field:
            raise ConfigError(f'{label}[{number}]', line, 'a field such as Retry-After: 1')
        if field[1].lower() in OWN_FIELDS:
            raise ConfigError(f'{label}[{number}]', line, f'none of {", ".join(sorted(OWN_FIELDS))}, which vaurien says itself')
        found.append((field[1], field[2]))
    return found


def content(entry: Kind, fields: list[Field], label: str) -> tuple[tuple[Field, ...], bytes]:
    """Return the fields and the body of a response.

    Raises:
        ConfigError: What should be JSON is none, there are two bodies, or one is too long.
    """
    if entry.json is not UNSET and entry.body is not UNSET:
        raise ConfigError(f'{label}.body', entry.body, 'no body beside json')
    if entry.json is UNSET:
        key, text = 'body', '' if entry.body is UNSET else entry.body
    else:
        key, text = 'json', entry.json
        check_json(text, f'{label}.json')
        if all(name.lower() != 'content-type' for name, _ in fields):
            fields = [*fields, JSON_TYPE]
    body = text.encode('utf-8', 'surrogatepass')
    if len(body) > MAX_BODY_BYTES:
        raise ConfigError(f'{label}.{key}', f'{len(body)} bytes', f'at most {MAX_BODY_BYTES} bytes')
    return tuple(fields), body


def check_json(text: str, label: str) -> None:
    """Refuse a text that is no JSON."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(label, text, f'JSON: {error}') from None
