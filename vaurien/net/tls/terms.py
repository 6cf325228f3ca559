"""What a proxy does with TLS on its two sides, made of its spec once: contexts, and the name and protocols that are asked for.

Opens no socket.
"""
import ssl
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...address import Address, is_loopback, speaks_tls
from ...spec import ProxySpec
from .authority.faults import Faults
from .authority.leaves import Leaves
from .channel import Channel, Switch, open_channel
from .contexts import contexts
from .hello import ClientHello


class StartTLS(NamedTuple):
    """Where TLS begins on a connection that has begun in the clear.

    Args:
        client: It does on clients' connections.
        backend: It does on those to the backend.
        switch: Makes what asks a backend for it.
    """

    client: bool
    backend: bool
    switch: Callable[[], Switch]


class Terms(NamedTuple):
    """What a proxy does with TLS.

    Args:
        client: The context that it is a server to its clients with; None: they speak without TLS.
        backend: The context that it is a client to its backend with; None: that speaks without TLS.
        listen: Where the proxy listens, whose name is none of the backend's.
        address: The backend's address.
        name: The name to ask the backend for; empty: the one that the client asks for, or the backend's own.
        protocols: What of ALPN the proxy can read; empty: all of it is the same to it.
        starttls: Where TLS begins later than with the first byte; None: nowhere.
        leaves: The contexts towards clients by the names that they ask for; None: ``client`` is for all of them.
        asked: What a client of a forward proxy has asked for before; empty: nothing.
        faults: Those with which handshakes with clients fail; None: there are none with them.
    """

    client: ssl.SSLContext | None
    backend: ssl.SSLContext | None
    listen: Address
    address: Address
    name: str
    protocols: tuple[str, ...]
    starttls: StartTLS | None = None
    leaves: Leaves | None = None
    asked: str = ''
    faults: Faults | None = None

    @property
    def late(self) -> tuple[bool, bool]:
        """Where TLS begins later than with the first byte: towards clients, and towards the backend."""
        return (False, False) if self.starttls is None else self.starttls[:2]

    @property
    def at_once(self) -> tuple[bool, bool]:
        """Where TLS begins with the first byte: towards clients, and towards the backend."""
        client, backend = self.late
        return self.client is not None and not client, self.backend is not None and not backend

    def offered(self, hello: ClientHello) -> tuple[str, ...]:
        """Return what the backend is offered of what the client offers: what can be read, or all of it where nothing can."""
        return tuple(name for name in hello.alpn if name in self.protocols) or hello.alpn

    def chosen(self, hello: ClientHello, backend: str | None) -> tuple[str, ...]:
        """Return what the client is told to speak.

        Args:
            hello: What it offers.
            backend: What the backend has chosen; None: nothing, or it does not speak TLS, and then the client is told what can
                be read best.
        """
        if self.backend is not None:
            return (backend,) if backend else ()
        offered = tuple(name for name in self.protocols if name in hello.alpn) or hello.alpn
        return offered[:1] if self.protocols or len(offered) == 1 else ()

    def backend_name(self, hello: ClientHello) -> str:
        """Return the name that the backend is asked for, and that its certificate has to have."""
        return self.name or server_name(hello.name, self.listen.host, self.address.host)

    def to_client(self, hello: ClientHello, backend: str | None, kind: str = '') -> Channel:
        """Make the proxy's side of a connection to a client.

        Args:
            hello, backend: As for ``chosen``.
            kind: What is to fail, one of ``faults.VARIANTS``; empty: nothing.
        """
        assert self.client is not None
        if kind and self.faults is not None:
            context = self.faults.context(kind, hello.name or self.asked)
        else:
            context = self.client if self.leaves is None else self.leaves.context(hello.name or self.asked)
        return open_channel(context, server_side=True, alpn=self.chosen(hello, backend))

    def to_late_client(self, hello: ClientHello, kind: str = '') -> Channel:
        """Make the proxy's side of a connection that has begun in the clear; the backend's may have, too, and be asked later."""
        return self.to_client(hello, next((name for name in hello.alpn if name in self.protocols), None), kind)

    def to_backend(self, hello: ClientHello) -> Channel:
        """Make the proxy's side of a connection to the backend.

        Args:
            hello: What the client asks for; an empty one where it does not speak TLS.
        """
        assert self.backend is not None
        alpn = self.offered(hello) if self.client is not None else self.protocols[:1]
        return open_channel(self.backend, server_side=False, name=self.backend_name(hello) or None, alpn=alpn)


def server_name(asked: str, listen: str, backend: str) -> str:
    """Return the name to ask a backend for, where the user gives none: the client's, unless that means the proxy itself.

    Args:
        asked: What the client asks for; empty: nothing.
        listen: The host that the proxy listens at.
        backend: The host of the backend; of a unix socket its path.
    """
    if backend.startswith('/') or not backend:
        return asked or 'localhost'
    own = asked == listen or is_loopback(asked)
    return backend if not asked or own and not is_loopback(backend) else asked


def make_terms(spec: ProxySpec, listen: Address, address: Address, protocols: Sequence[str] = (),
               starttls: StartTLS | None = None) -> Terms | None:
    """Check all that a spec says about TLS, and make of it what a proxy needs; None: neither side speaks it.

    Args:
        spec: The spec.
        listen, address: Where the proxy listens, and where it connects to.
        protocols: What of ALPN its protocol can read.
        starttls: Where TLS would begin later than with the first byte; None: nowhere.

    Raises:
        ConfigError: A file cannot be used, or two values do not go together.
    """
    client, backend, leaves, faults = contexts(spec)
    front, back = speaks_tls(spec.proxy), speaks_tls(spec.backend)
    if not front and not back:
        return None     # what was given was looked at, as it would be otherwise
    if starttls is not None:
        starttls = starttls._replace(client=front and starttls.client, backend=back and starttls.backend)
    return Terms(client if front else None, backend if back else None, listen, address, spec.tls_server_name, tuple(protocols),
                 starttls, leaves, faults=faults)
