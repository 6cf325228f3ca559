"""What a row of the table is. Knows no protocol, no server and no client library."""
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

#: what a client works on with after the failure: as if nothing had happened; on a connection that it opens by itself; not
#: at all, its caller has to make another
KEPT, REOPENED, ANEW = 'the same connection', 'a new connection', 'a new client'


def no_code(error: BaseException) -> object:
    """Tell that an error carries no code."""
    return ''


class Client(NamedTuple):
    """A client library, and how it is used.

    Args:
        name: As its users know it.
        open: Gives, for the length of a block, whatever ``act`` and ``works`` take, connected to a port of 127.0.0.1.
        works: Does something with it and asserts that all is well.
        code: Returns the code that an error carries.
        needs: Raises ``MissingServer`` where this machine cannot have it.
    """

    name: str
    open: Callable[[int], AbstractContextManager[Any]]
    works: Callable[[Any], object]
    code: Callable[[Any], object] = no_code
    needs: Callable[[], object] = str


class Row(NamedTuple):
    """One failure as one client meets it.

    Args:
        kind: The kind of error that vaurien is told.
        client: The client.
        did: What it did, in words.
        act: Does it. Where opening the connection is what fails, it is not called.
        outcome: What has to come of it: the exception's class and code, or the result.
        afterwards: ``KEPT``, ``REOPENED`` or ``ANEW``.
        match: Which requests may meet it; empty: the first that fits.
        times: How many requests meet it, one after the other.
        how: In words, how the real server was made to fail like this; empty: it was not.
        real: Makes the real server fail, which it is given, and does with the same client what ``act`` does: the same has
            to come of it.
        backend: Returns what the proxy leads to, of the server; None: the server's own address.
    """

    kind: str
    client: Client
    did: str
    act: Callable[[Any], object]
    outcome: str
    afterwards: str = KEPT
    match: str = ''
    times: int = 1
    how: str = ''
    real: Callable[[Any], object] | None = None
    backend: Callable[[Any], str] | None = None


def outcome(client: Client, call: Callable[[], object]) -> str:
    """Return the outcome of a call: the class and code of its exception, or its result."""
    try:
        return str(call())
    except Exception as error:  # noqa: BLE001 - which one it is, is the question
        kind = type(error)
        name = kind.__qualname__ if kind.__module__ == 'builtins' else f'{kind.__module__}.{kind.__qualname__}'
        return f'{name} {client.code(error)}'.strip()
