"""What an exception tells of the failure that it comes from: by types, never by words. Pure."""
from collections.abc import Sequence
from typing import Final

#: of Python and of Java themselves: what tells of a connection or of waiting
TELLING: Final = frozenset((*(f'builtins.{name}' for name in ('OSError', 'EOFError', 'TimeoutError', 'ConnectionError')),
                            'java.util.concurrent.TimeoutException'))
#: what the names of exceptions begin with that tell nothing of a server: of Python and Java themselves, and of who runs the tests
SILENT: Final = ('builtins.', '_pytest.', 'pytest.', 'unittest.', 'json.', 're.', 'decimal.', 'struct.', 'ast.', 'java.lang.',
                 'java.util.', 'org.junit.', 'junit.', 'org.opentest4j.')
#: what an assertion fails with
ASSERTIONS: Final = frozenset(('builtins.AssertionError', '_pytest.outcomes.Failed', 'java.lang.AssertionError',
                               'org.opentest4j.AssertionFailedError'))


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
        if types and not types[0].startswith(SILENT):
            return True
    return False


def is_assertion(chain: Sequence[Sequence[str]]) -> bool:
    """Return whether a test failed by its own assertion, with nothing behind it."""
    names = {types[0] for types in chain if types}
    return bool(names) and names <= ASSERTIONS
