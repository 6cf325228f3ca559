"""INI files: sections of keys, ``${NAME}`` from the environment, and other files that fill what is missing.

Knows no section and no key but ``extends``, and no plugin.
"""
import re
from collections.abc import Mapping
from configparser import DuplicateOptionError, DuplicateSectionError, Error, MissingSectionHeaderError, RawConfigParser
from pathlib import Path

from ...errors import ConfigError
from ...options import Given, read_lines
from . import NOT_GIVEN, Sections
from .reading import MAX_FILE_BYTES, Read, read_first

#: the sections that ``extends`` may stand in; vaurien 1.x looked in the second
EXTENDING = ('vaurien', 'DEFAULT')
VARIABLE = re.compile(r'\$\{([^}]*)\}')
#: what a malformed line should have been
RULES: tuple[tuple[type[Error], str], ...] = (
    (MissingSectionHeaderError, 'a [section] before the first key'),
    (DuplicateSectionError, 'each section once'),
    (DuplicateOptionError, 'each key once in its section'),
    (Error, '[section], key = value, or a comment'),
)


class Parser(RawConfigParser):
    """A parser that takes ``stay-connected`` for ``stay_connected``."""

    def optionxform(self, optionstr: str) -> str:
        """Return the name of a key; a plugin's name in ``behavior.my-fault.sleep`` stays as it is."""
        plugin, dot, key = optionstr.rpartition('.')
        return plugin + dot + key.replace('-', '_')


def read_sections(path: str, environ: Mapping[str, str], read: Read = read_first) -> Sections:
    """Read an INI file and what it extends.

    Args:
        path: The file; those that it extends are found from its folder.
        environ: What ``${NAME}`` is taken from.
        read: Reads a file.

    Returns:
        The sections in the order of the files, each value with the name that it has for the user.

    Raises:
        ConfigError: A line is malformed, a variable is not set, or a file extends itself.
        OSError: A file cannot be read.
    """
    return _read(Path(path), environ, read, ())


def _read(path: Path, environ: Mapping[str, str], read: Read, above: tuple[Path, ...]) -> Sections:
    sections = _parse(path, environ, read)
    above = (*above, path.resolve())
    for name in EXTENDING:
        extends = sections.get(name, {}).pop('extends', NOT_GIVEN)
        for line in read_lines(str(extends.value)):
            if '\0' in line:    # as no file's does
                raise ConfigError(extends.label, line, 'the path of a file')
            base = path.parent / line
            if base.resolve() in above:
                raise ConfigError(extends.label, line, 'a file that does not extend this one')
            _fill(sections, _read(base, environ, read, above))
        if not sections.get(name):
            sections.pop(name, None)
    return sections


def _fill(sections: Sections, base: Sections) -> None:
    for name, section in base.items():
        sections[name] = {**section, **sections.get(name, {})}


def _parse(path: Path, environ: Mapping[str, str], read: Read) -> Sections:
    text = _text(path, read(path))
    parser = Parser(default_section='', inline_comment_prefixes=(';',), empty_lines_in_values=False)
    try:
        parser.read_string(text, str(path))
    except Error as error:
        raise _malformed(path, text, error) from None
    return {name: {key: _expanded(Given(value, f'{path} [{name}] {key}'), environ)
                   for key, value in parser.items(name)}
            for name in parser.sections()}


def _text(path: Path, data: bytes) -> str:
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(str(path), f'more than {MAX_FILE_BYTES} bytes', 'an INI file')
    try:
        return data.decode('utf-8-sig').replace('\r\n', '\n')
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), data[error.start:error.end], 'an INI file in UTF-8') from None


def _malformed(path: Path, text: str, error: Error) -> ConfigError:
    errors = getattr(error, 'errors', None)
    number: int = errors[0][0] if errors else getattr(error, 'lineno', 1)
    rule = next(rule for kind, rule in RULES if isinstance(error, kind))
    return ConfigError(f'{path} line {number}', text.split('\n')[number - 1].strip(), rule)


def _expanded(given: Given, environ: Mapping[str, str]) -> Given:
    """Put in the environment's values; what stands in double quotes is taken as it is, without them."""
    text = str(given.value)
    if len(text) > 1 and text[0] == text[-1] == '"':
        return given._replace(value=text[1:-1])

    def value(found: re.Match[str]) -> str:
        if found[1] not in environ:
            raise ConfigError(given.label, found[0], 'the name of an environment variable that is set')
        return environ[found[1]]
    return given._replace(value=VARIABLE.sub(value, text))
