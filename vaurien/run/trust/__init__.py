"""TLS of a command with its backends: an authority of this run, which the command trusts, and what proxies trust in its stead.

The authority is in memory and is believed for the names alone that the run stands for. Its key is in no file.
"""
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from ...address import speaks_tls
from ...net.tls.authority import Authority, AuthorityError, use_authority
from ...net.tls.authority.roots import VARIABLES, make_bundle, variables
from ...net.tls.authority.secret import write
from ...spec import ProxySpec
from ..addresses import Verify, Wish
from ..addresses.tls import ASKING, SYSTEM, plain
from ..places import Place, Through

__all__ = ['AuthorityError', 'Trust', 'completed', 'forget', 'make_trust']

CERTIFICATE, BUNDLE, ROOTS = 'ca.pem', 'authorities.pem', 'backends.pem'
#: texts that say themselves whether TLS is spoken, and those of programs that do without libpq
SAID = re.compile(r'sslmode|ssl=|jdbc:|r2dbc:', re.IGNORECASE)
#: a password is not bound to the certificate that libpq is shown (SCRAM-SHA-256-PLUS): the server has another one
UNBOUND = {'PGCHANNELBINDING': 'disable'}


class Trust(NamedTuple):
    """Whom the command and the proxies trust.

    Args:
        certificate: That of the run's authority, in PEM.
        bundle: What the command is to trust, in PEM.
        roots: What the proxies trust where nothing else is said, as the environment names it to the command; empty: what the
            system trusts.
        environ: The environment of the command so far.
        more: Other variables of the command.
        folder: Where the files lie; None: they are not written yet.
    """

    certificate: bytes
    bundle: bytes
    roots: bytes
    environ: Mapping[str, str]
    more: Mapping[str, str]
    folder: Path | None = None

    def inside(self, folder: Path) -> 'Trust':
        """Write the files into a folder, and return the same with their paths."""
        for name, data in ((CERTIFICATE, self.certificate), (BUNDLE, self.bundle), (ROOTS, self.roots)):
            write(folder / name, data)
        return self._replace(folder=folder)

    @property
    def authorities(self) -> str:
        """The file of all that the command is to trust; empty: it is not written yet."""
        return str(self.folder / BUNDLE) if self.folder else ''

    @property
    def variables(self) -> dict[str, str]:
        """The variables that let the command trust it."""
        if self.folder is None:
            return {}
        return {**variables(str(self.folder / CERTIFICATE), self.authorities, self.environ), **self.more}

    def of_backend(self, spec: ProxySpec) -> ProxySpec:
        """Return a proxy that trusts what the command would, where nothing else is said."""
        if not self.folder or not self.roots or spec.tls_backend_ca or not speaks_tls(spec.backend):
            return spec
        return msgspec.structs.replace(spec, tls_backend_ca=str(self.folder / ROOTS))


def make_trust(places: Sequence[Place], environ: Mapping[str, str], names: Sequence[str] = ()) -> tuple[Trust, list[str]]:
    """Make an authority, and let the proxies of this process show its certificates.

    Args:
        places: The backends that the run stands for; only of those that are spoken to in TLS certificates are needed.
        environ: The environment of the command.
        names: Hosts that it stands for beside them.

    Returns:
        What is to be trusted, and what there is to warn of.

    Raises:
        AuthorityError: What it needs is not installed.
    """
    inside = [place for place in places if place.wish]
    authority = Authority.make("vaurien's authority of one run", [*names_of(inside), *names])
    use_authority(authority)
    bundle, notes = make_bundle(authority.certificate, environ)
    roots = make_bundle(b'', environ)[0] if any(environ.get(name) for name in VARIABLES) else b''
    more = UNBOUND if any(place.protocol == 'postgres' for place in inside) else {}
    return Trust(authority.certificate, bundle, roots, environ, more), notes


def forget() -> None:
    """Let the proxies of this process show certificates of the authority that is kept again."""
    use_authority(None)


def names_of(places: Sequence[Place]) -> list[str]:
    """Return the names of the backends that are spoken to in TLS."""
    return [name for place in places if place.wish for name in (place.backend.host, *place.wish.names)]


def completed(through: Through, environ: Mapping[str, str]) -> Through:
    """Return the same with what libraries take from elsewhere where the text says nothing of it."""
    return through._replace(places=tuple(of_libpq(place, through.found.text, environ) for place in through.places))


def of_libpq(place: Place, text: str, environ: Mapping[str, str]) -> Place:
    """Return a place with what libpq takes from the environment, and from the user's home, where the text says nothing of it.

    Args:
        place: The place.
        text: The text that names it.
        environ: The environment of the command.
    """
    if place.protocol != 'postgres' or place.backend.unix or place.alone:
        return place
    wish, mode = place.wish, ASKING.get(plain(environ.get('PGSSLMODE', '')))
    if wish is None and (mode is None or SAID.search(text)):
        return place
    wish = wish or Wish(mode or Verify.NOTHING)
    home = Path(environ.get('HOME') or os.path.expanduser('~')) / '.postgresql' / 'root.crt'
    ca = wish.ca or environ.get('PGSSLROOTCERT', '') or (str(home) if home.is_file() else '')
    if ca and ca != SYSTEM:     # which it then verifies
        wish = wish._replace(ca=ca, verify=max(wish.verify, Verify.AUTHORITY))
    cert, key = environ.get('PGSSLCERT', ''), environ.get('PGSSLKEY', '')
    return place._replace(wish=wish._replace(cert=cert, key=key) if cert and key and not wish.cert else wish)
