"""The everyday test modules inside TLS: the ways in which one of them goes through vaurien, one of them with TLS on both sides.

A fixture is parametrized by ``WAYS`` where it would be by ``CALM``; what the tests do is the same in each way. Clients that can
be told by their environment need no other call: ``environment`` has what libpq and others read.
"""
import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from vaurien.testing import Daemon

from .processes import HOST, Server, folder, unprivileged
from .proxied import CALM, Between, between
from .servers import Mailbox, mariadb_server, postgres_server, secure_smtp_server
from .tls import Certificates, certificates, server_context


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


@contextlib.contextmanager
def files_for(account: str | None = None) -> Iterator[Certificates]:
    """Give copies of the tests' certificates that a server can read which runs under another account, and as strict as it wants.

    Args:
        account: Whose they are; None: ours.
    """
    with folder(account) as where:
        def copy(path: str) -> str:
            there = str(where / Path(path).name)
            shutil.copyfile(path, there)
            os.chmod(there, 0o600)
            if account:
                shutil.chown(there, account)
            return there
        ca, cert, key = map(copy, certificates()[:3])
        yield Certificates(ca, cert, key, where)


@contextlib.contextmanager
def postgres_tls_server() -> Iterator[Server]:
    """Run PostgreSQL with TLS, which takes clients in the clear too."""
    with files_for(unprivileged('postgres')) as files, postgres_server(
            '-c', 'ssl=on', '-c', f'ssl_cert_file={files.cert}', '-c', f'ssl_key_file={files.key}') as server:
        yield server


@contextlib.contextmanager
def mariadb_tls_server() -> Iterator[Server]:
    """Run MariaDB with TLS, which takes clients in the clear too."""
    with files_for(unprivileged('mysql')) as files, mariadb_server(
            f'--ssl-cert={files.cert}', f'--ssl-key={files.key}') as server:
        yield server


@contextlib.contextmanager
def smtp_tls_server() -> Iterator[Mailbox]:
    """Run aiosmtpd with STARTTLS and AUTH, which takes clients in the clear too."""
    with secure_smtp_server(tls_context=server_context()) as mailbox:
        yield mailbox
