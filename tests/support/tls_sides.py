"""The everyday test modules inside TLS: the ways in which one of them goes through vaurien, one of them with TLS on both sides.

A fixture is parametrized by ``WAYS`` where it would be by ``CALM``; what the tests do is the same in each way. Clients that can
be told by their environment need no other call: ``environment`` has what libpq and others read.
"""
import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from vaurien.testing import Daemon

from .processes import HOST
from .proxied import CALM, Between, between
from .tls import certificates


class Way(NamedTuple):
    """One way through vaurien.

    Args:
        mix: What is drawn from; nothing of it ever happens.
        tls: Both sides of the proxy speak TLS.
    """

    mix: list[dict[str, Any]]
    tls: bool = False


class SecureDaemon(Daemon):
    """A vaurien for tests, whose proxies may speak TLS: files are named on the command line alone."""

    def __init__(self, seed: int) -> None:
        self.flags = tuple(f'--{name.replace("_", "-")}={value}' for name, value in certificates().both.items())     # type: ignore[misc]
        super().__init__(seed)


INSIDE = 'inside TLS'
#: those of ``CALM``, and the one that sees most of them inside TLS: one pass more, and not two
WAYS = {**{name: Way(mix) for name, mix in CALM.items()}, INSIDE: Way(list(CALM.values())[-1], tls=True)}


@contextlib.contextmanager
def through(daemon: Any, name: str, way: Way, backend: Any, protocol: str, **fields: Any) -> Iterator[Between]:
    """Run a proxy for the length of a block.

    Args:
        daemon, name, protocol, fields: As for ``between``; the daemon is a ``SecureDaemon``.
        way: How.
        backend: The server; where ``way.tls`` says so, one that speaks TLS with a certificate of the tests' authority.
    """
    address = getattr(backend, 'address', backend)
    if way.tls:
        fields = {'proxy': f'tls://{HOST}:0', **fields}
        name, address = f'{name}-tls', f'tls://{address}'
    with between(daemon, name, address, protocol, way.mix, **fields) as proxy:
        yield proxy


def environment(way: Way) -> dict[str, str]:
    """Return the variables by which clients are told to speak TLS, and to verify; none where they are not to."""
    if not way.tls:
        return {}
    ca = certificates().ca
    return {'PGSSLMODE': 'verify-full', 'PGSSLROOTCERT': ca, 'SSL_CERT_FILE': ca}
