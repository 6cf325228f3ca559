"""The contexts that a proxy without a certificate of its own is a server with: one for each name that is asked for, made then."""
import ssl
from collections import OrderedDict
from collections.abc import Callable, Sequence
from time import monotonic

from .issuing import Authority, Leaf

MAX_CONTEXTS = 128      #: that are kept; each takes some 22 KB, and making one again some 1 ms


class Leaves:
    """Contexts by the names that clients ask for.

    Args:
        authority: Issues the certificates.
        make: Makes a context that shows nothing yet.
        names: Those of the certificate for clients that ask for no name.

    Raises:
        ValueError: A name cannot stand in a certificate.
    """

    RENEWED = 30 * 24 * 3600.0      #: [seconds] after which one is made anew, long before its end

    def __init__(self, authority: Authority, make: Callable[[], ssl.SSLContext], names: Sequence[str]) -> None:
        self._authority, self._make, self._names = authority, make, tuple(names)
        self._contexts: OrderedDict[str, tuple[ssl.SSLContext, float]] = OrderedDict()
        self.context('')

    def context(self, name: str) -> ssl.SSLContext:
        """Return the context for a client.

        Args:
            name: What it asks for; empty: nothing.
        """
        name = name.lower()     # RFC 6066: hosts are the same in any case
        found, now = self._contexts.get(name), monotonic()
        if found is not None and now < found[1]:
            self._contexts.move_to_end(name)
            return found[0]
        context = self._make()
        self.leaf(name).show_by(context)
        self._contexts[name] = context, now + self.RENEWED
        self._contexts.move_to_end(name)
        if len(self._contexts) > MAX_CONTEXTS:
            self._contexts.popitem(last=False)
        return context

    def leaf(self, name: str) -> Leaf:
        """Issue a certificate for a name; for none, where it is empty or none that can stand in a certificate, for the proxy."""
        try:
            return self._authority.leaf([name] if name else self._names)
        except ValueError:
            return self._authority.leaf(self._names)
