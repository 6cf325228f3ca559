"""What an exception tells of the failure that it comes from: by types, never by words. Pure."""
from collections.abc import Sequence
from typing import Final

#: of builtins: what tells of a connection or of waiting
TELLING: Final = frozenset(f'builtins.{name}' for name in ('OSError', 'EOFError', 'TimeoutError', 'ConnectionError'))
#: modules whose exceptions tell nothing of a server: of Python itself, and of who runs the tests
SILENT: Final = ('builtins', '_pytest', 'pytest', 'unittest', 'json', 're', 'decimal', 'struct', 'ast')


def tells(chain: Sequence[Sequence[str]]) -> bool | None:
    """Return whether an exception, or one that it comes from, is an error of a client, of a connection, or somebody's own.

    Args:
        chain: Types with their bases; empty: none are known.

    Returns:
        None: nothing is known.
    """
    if not chain:
        return None
    for types in chain:
        if TELLING.intersection(types):
            return True
        if types and types[0].split('.')[0] not in SILENT:
            return True
    return False


def is_assertion(chain: Sequence[Sequence[str]]) -> bool:
    """Return whether a test failed by its own assertion, with nothing behind it."""
    names = {types[0] for types in chain if types}
    return bool(names) and names <= {'builtins.AssertionError', '_pytest.outcomes.Failed'}
