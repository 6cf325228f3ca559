"""The contexts with which a handshake fails: certificates that a client should refuse, and the wish for one of the client's own.

Knows the kinds by their names, which ``vaurien.protocols.tls_kinds`` has. Opens no socket.
"""
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from .issuing import Authority, Issuer, KeyType, Leaf
from .leaves import Leaves

WRONG = 'wrong-host', 'other.localhost'     #: that kind, and its name: one that an authority may use which is constrained
CLIENT_CERTIFICATE = 'client-certificate-required'
WEAK = 'weak-key'
DAY = timedelta(days=1)
#: what is otherwise in the certificate of each kind, given the time
VARIANTS: Mapping[str, Callable[[datetime], dict[str, Any]]] = {
    'expired-certificate': lambda now: {'not_after': now - DAY},
    'not-yet-valid': lambda now: {'not_before': now + DAY},
    WRONG[0]: lambda now: {},
    'self-signed': lambda now: {'issuer': Issuer.ITSELF},
    'unknown-ca': lambda now: {'issuer': Issuer.UNKNOWN},
    'incomplete-chain': lambda now: {'issuer': Issuer.INTERMEDIATE, 'complete': False},
    WEAK: lambda now: {'key_type': KeyType.WEAK_RSA},
    CLIENT_CERTIFICATE: lambda now: {},
}


class FaultyLeaves(Leaves):
    """Contexts of one kind by the names that clients ask for.

    Args:
        kind: The kind.
        authority, make, names: As for ``Leaves``.
    """

    RENEWED = DAY.total_seconds() / 2   # what is not valid yet would come to be

    def __init__(self, kind: str, authority: Authority, make: Callable[[], ssl.SSLContext], names: Sequence[str]) -> None:
        self._kind = kind
        super().__init__(authority, lambda: prepared(kind, make()), names)

    def leaf(self, name: str) -> Leaf:
        variant = VARIANTS[self._kind](datetime.now(UTC))
        asked = [WRONG[1]] if self._kind == WRONG[0] else [name] if name else self._names
        try:
            return self._authority.leaf(asked, **variant)
        except ValueError:
            return self._authority.leaf(self._names, **variant)


def prepared(kind: str, context: ssl.SSLContext) -> ssl.SSLContext:
    """Let a context do what a kind wants beside its certificate."""
    if kind == WEAK:
        context.set_ciphers('DEFAULT:@SECLEVEL=0')
    if kind == CLIENT_CERTIFICATE:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class Faults:
    """The contexts of a proxy with which handshakes fail; each is made when it is needed for the first time.

    Args:
        make: Makes a context towards clients, with the certificate that was given, if one was.
        authority: Issues the certificates; None: one was given, and only ``CLIENT_CERTIFICATE`` can be shown.
        names: As for ``Leaves``.
    """

    def __init__(self, make: Callable[[], ssl.SSLContext], authority: Authority | None, names: Sequence[str]) -> None:
        self._make, self._authority, self._names = make, authority, names
        self._leaves: dict[str, FaultyLeaves] = {}
        self._given: ssl.SSLContext | None = None

    def context(self, kind: str, name: str) -> ssl.SSLContext:
        """Return the context that a client is shown.

        Args:
            kind: One of ``VARIANTS``.
            name: The name that it asks for; empty: none.
        """
        if self._authority is None:
            self._given = self._given or prepared(CLIENT_CERTIFICATE, self._make())
            return self._given
        if kind not in self._leaves:
            self._leaves[kind] = FaultyLeaves(kind, self._authority, self._make, self._names)
        return self._leaves[kind].context(name)
