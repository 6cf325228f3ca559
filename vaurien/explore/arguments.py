"""The command line of ``vaurien explore``: its own options, and all those of ``run`` that say where backends are."""
from collections.abc import Sequence
from typing import Any

from ..config.settings import flag_of
from ..errors import ConfigError
from ..options import convert
from ..run.arguments import END
from .settings import EXPLORE

FLAGS = {flag_of(key): key for key in EXPLORE}


def read(argv: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Take out what is for ``explore`` alone.

    Args:
        argv: The arguments after the word ``explore``.

    Returns:
        The values by their keys, and the arguments that ``run`` reads.

    Raises:
        ConfigError: A value does not fit, or is missing.
    """
    found = {key: option.default for key, option in EXPLORE.items()}
    words = list(argv)
    at = words.index(END) if END in words else len(words)
    rest = []
    given = iter(words[:at])
    for word in given:
        head, equals, value = word.partition('=')
        key = FLAGS.get(head)
        if key is None:
            rest.append(word)
            continue
        option = EXPLORE[key]
        if option.type is bool and not equals:
            found[key] = True
            continue
        text = value if equals else next(given, None)
        if text is None:
            raise ConfigError(head, '', 'a value')
        found[key] = convert(head, option, text)
    return found, [*rest, *words[at:]]
