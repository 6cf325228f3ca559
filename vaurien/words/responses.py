"""Types of options that say what a response is: fields, a file with its body, when to come again. Pure; knows no protocol."""
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ..options import Bounded, read_lines

Field = tuple[str, str]     #: name and value

#: [bytes] of a body at most: what a client of HTTP/2 takes of a response before it has said anything else
MAX_BODY_BYTES: Final = 65535
BODY_FILE: Final = 'body_file'  #: the option that names a file
MAX_FIELDS: Final = 64          #: fields that one option gives at most
MAX_FIELD_BYTES: Final = 4096   #: [bytes] of a field at most; readers take some 8 KiB for a line
#: what only the writer of a response can know: where it ends, and whether the connection goes on
OWN_FIELDS: Final = frozenset(('connection', 'content-length', 'keep-alive', 'proxy-connection', 'te', 'trailer',
                               'transfer-encoding', 'upgrade'))
NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
#: what no value may have: a control character ends a field, or is taken for the end of one (RFC 9110 section 5.5)
CONTROL: Final = re.compile(r'[\0-\x08\x0a-\x1f\x7f]')
DATE: Final = re.compile(r'[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT')
Status = Bounded(int, 200, 599)


class Listed:
    """A type of option that is a list: on a command line the flag once for each, in a file a line for each, in JSON a list.

    Args:
        metavar: What stands for one of them in ``--help``.
        expected: What it takes, in words.
        read: Reads one of them, and returns it in its one form; raises ``ValueError`` where it cannot.
    """

    repeated = True

    def __init__(self, metavar: str, expected: str, read: Callable[[str], str]) -> None:
        self.metavar, self._read = metavar, read
        self.expected = f'{expected}; at most {MAX_FIELDS}, each once more the flag, in a file each on a line, in JSON a list'

    def __call__(self, value: Any) -> tuple[str, ...]:
        items = read_lines(value) if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or len(items) > MAX_FIELDS:
            raise ValueError(value)
        if not all(isinstance(item, str) for item in items):
            raise ValueError(value)
        return tuple(map(self._read, items))


def read_field(text: str) -> str:
    """Read ``Name: value``, and write it so.

    Raises:
        ValueError: It is none, or one that only the writer of a response can know.
    """
    name, colon, value = text.partition(':')
    value = value.strip(' \t')
    if not colon or len(value.encode()) > MAX_FIELD_BYTES or CONTROL.search(value):
        raise ValueError(text)
    return f'{read_field_name(name)}: {value}'


def field_of(text: str) -> Field:
    """Return the field that ``read_field`` has written."""
    name, _, value = text.partition(': ')
    return name, value


def read_field_name(text: str) -> str:
    """Read the name of a field, as ``read_field`` does."""
    name = text.strip(' ')
    if not NAME.fullmatch(name) or len(name) > MAX_FIELD_BYTES or name.lower() in OWN_FIELDS:
        raise ValueError(text)
    return name


def read_retry_after(value: Any) -> str:
    """Read when to come again: seconds, or a date as it stands in a field (RFC 9110 section 5.6.7).

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, str) and DATE.fullmatch(value):
        from email.utils import parsedate_to_datetime  # it brings a calendar and much else, at each start
        parsedate_to_datetime(value)
        return value
    return str(Bounded(int, 0, 10 ** 9)(value))


#: the contents of the files that may be read, by their paths: those that were named where the process is started. No request to
#: the control server may name another. None: it has not been read yet
NAMED: Final[dict[str, bytes | None]] = {}


def allow_files(settings: Mapping[str, Any]) -> None:
    """Let the file be read that settings name which were given where the process is started."""
    if isinstance(settings.get(BODY_FILE), str):
        NAMED.setdefault(settings[BODY_FILE], None)


def read_body_file(value: Any) -> str:
    """Read the file of a body, for ``content_of``, and return its path.

    Raises:
        ValueError: It cannot be read, or is too large.
    """
    if not isinstance(value, str) or value not in NAMED or '\0' in value:
        raise ValueError(value)
    try:
        with Path(value).open('rb') as file:
            data = file.read(MAX_BODY_BYTES + 1)
    except OSError:
        raise ValueError(value) from None
    if len(data) > MAX_BODY_BYTES:
        raise ValueError(value)
    NAMED[value] = data
    return value


def content_of(path: str) -> bytes:
    """Return what a file had when it was read."""
    return NAMED.get(path) or b''


def read_body(value: Any) -> str:
    """Take a body that is text.

    Raises:
        ValueError: It is none, or too large.
    """
    if not isinstance(value, str) or len(value.encode()) > MAX_BODY_BYTES:
        raise ValueError(value)
    return value


FIELD: Final = ('Name: value, without control characters and of at most '
                f'{MAX_FIELD_BYTES} bytes, and none of {", ".join(sorted(OWN_FIELDS))}')
Fields = Listed('FIELD', f'fields such as {FIELD}', read_field)
FieldNames = Listed('NAME', f'names of fields, none of {", ".join(sorted(OWN_FIELDS))}', read_field_name)

read_retry_after.expected = 'seconds, an integer, or a date such as Sun, 06 Nov 1994 08:49:37 GMT'  # type: ignore[attr-defined]
read_retry_after.metavar = 'SECONDS|DATE'    # type: ignore[attr-defined]
read_body.expected = f'text of at most {MAX_BODY_BYTES} bytes'   # type: ignore[attr-defined]
read_body.metavar = 'TEXT'   # type: ignore[attr-defined]
read_body_file.expected = (  # type: ignore[attr-defined]
    f'a file that can be read, of at most {MAX_BODY_BYTES} bytes, named where vaurien is started and by no request to it')
read_body_file.metavar = 'FILE'  # type: ignore[attr-defined]
