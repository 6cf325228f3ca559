"""Reads the files of kinds that a command line and an INI file name. Makes no spec."""
from pathlib import Path

from ..errors import ConfigError
from ..options import Given, read_lines
from .arguments import Values
from .files import NOT_GIVEN, Sections
from .files.reading import Read, check_path


def load_kinds(line: Values, sections: Sections, read: Read) -> None:
    """Make the kinds known that files have; of a file that was read before, those that it has now.

    Args:
        line: What the command line gave.
        sections: What the INI file gave.
        read: Reads a file.

    Raises:
        ConfigError: A file cannot be understood, or has a name that something else has.
        OSError: A file cannot be read.
    """
    given = [values.get('kinds', NOT_GIVEN) for values in (line, sections.get('vaurien', {}))]
    for each in given:
        if each is not NOT_GIVEN and not read_lines(str(each.value)):
            raise ConfigError(each.label, each.value, 'the path of a file')
    paths = [check_path(Given(path, each.label)) for each in given for path in read_lines(str(each.value))]
    if paths:
        from ..protocols.http import HTTP  # slow to import, and most processes name no such file
        from ..protocols.http.providers.kinds import KINDS
        KINDS.add([(path, read(Path(path))) for path in paths], {*HTTP.errors, *HTTP.kinds_of_tls})
