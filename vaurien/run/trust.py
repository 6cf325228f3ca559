"""An authority of one run: held in memory, believed for the names that are opened in it, and trusted by its command alone.

Its key is in no file, and nothing is installed into the system's store.
"""
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..net.tls.authority import Authority, use_authority
from ..net.tls.authority.java import write_store
from ..net.tls.authority.roots import BUNDLE_VARIABLES, make_bundle, variables

CERTIFICATE, BUNDLE, REAL, JAVA_STORE = 'ca.pem', 'bundle.pem', 'servers.pem', 'trust.p12'
JAVA_VARIABLE = 'JAVA_TOOL_OPTIONS'     #: what each Java takes options from
NAME = 'vaurien run'


class Trust(NamedTuple):
    """What there is to tell.

    Args:
        variables: To the command: what lets it trust the authority beside those that it trusts already.
        servers: To vaurien: the file of the authorities that real servers may be of, as the command would trust them; empty:
            those that OpenSSL has by itself.
        notes: What there is to warn of.
    """

    variables: dict[str, str]
    servers: str
    notes: tuple[str, ...]


def make_trust(names: Sequence[str] | None, folder: Path, environ: Mapping[str, str], ending: Callable[..., object]) -> Trust:
    """Make an authority, and let all proxies of this process show its certificates.

    Args:
        names: Those that it may issue certificates for; None: all.
        folder: Where the files go that the command reads; it is there.
        environ: The environment of the command so far.
        ending: Is called with what is to be done in the end.

    Raises:
        AuthorityError: What makes certificates is not installed.
        OSError: A file cannot be written.
    """
    authority = Authority.make(NAME, names)
    use_authority(authority)
    ending(use_authority, None)
    certificate, bundle, servers = (str(folder / name) for name in (CERTIFICATE, BUNDLE, REAL))
    trusted, notes = make_bundle(authority.certificate, environ)
    Path(certificate).write_bytes(authority.certificate)
    Path(bundle).write_bytes(trusted)
    told = variables(certificate, bundle, environ)
    if shutil.which('java', path=environ.get('PATH', os.defpath)) or environ.get('JAVA_HOME'):
        told[JAVA_VARIABLE] = ' '.join(filter(None, [environ.get(JAVA_VARIABLE, ''), *write_store(trusted, folder / JAVA_STORE)]))
    if not any(environ.get(name) for name in BUNDLE_VARIABLES if name != 'SSL_CERT_FILE'):
        return Trust(told, '', tuple(notes))
    Path(servers).write_bytes(make_bundle(b'', environ)[0])
    return Trust(told, servers, tuple(notes))
