"""One fault: the backend answers with an error."""
from collections.abc import Mapping
from typing import Any

from .base import Calls, Dummy, Option
from .dummy import unsuitable


class Error(Dummy):
    """The client gets an error in place of the response, in the protocol's own words, and its library raises what it would
    raise for the real failure.

    Where the protocol knows no requests the error is random bytes. With ``inject`` the request does reach the backend, and its
    real response arrives with 100 random bytes after its first ones; http has no such thing, nor have requests without a
    response.
    """

    name = 'error'
    inline = True
    reports = True
    options = {
        'kind': Option("Which of the protocol's errors, by its name or its code; empty: any of them, at random", str, ''),
        'inject': Option("Put random bytes into the real response", bool, False),
        'warmup': Option("How many exchanges pass before the first error", Calls, 0),
    }

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        self.calls = 0  #: exchanges so far

    def suit(self, protocol: Any) -> None:
        kind = self.option('kind')
        if kind and not protocol.kinds_named(kind):
            raise unsuitable(kind, protocol)

    def acts(self) -> bool:
        """Count an exchange, and return whether the error is applied to it."""
        self.calls += 1
        return bool(self.calls > self.option('warmup'))

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        exchange = protocol.exchange(to_backend)
        if to_backend:
            exchange.met = not (exchange.due or self.acts())
            if not exchange.met and not self.option('inject'):
                return bool(protocol.fail(source, dest, self.option('kind') or None))
            exchange.met = exchange.met or not protocol.spoils()
        elif self.option('inject') and not exchange.met:
            exchange.met = True
            protocol.spoil(source)
        return True
