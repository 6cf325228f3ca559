"""Where a cluster is, as users write it, and what the environment says about how to get in. Connects to nothing."""
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..address import Address, read
from ..errors import ConfigError

FORM = 'etcd://[USER@]HOST[:PORT][,HOST[:PORT]...]/NAME, or etcds:// where etcd speaks TLS'
#: in the order of whether TLS is spoken
SCHEMES = ('etcd', 'etcds')
DEFAULT_PORT = 2379
MAX_ENDPOINTS = 16  #: each is tried in turn before a call is given up
#: what names are made of: those of clusters and members are parts of keys
NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z')
NAMES = 'letters, digits, dots, dashes and underscores, at most 100, the first a letter or a digit'
#: the environment variables of those who speak with etcd
CLUSTER_VARIABLE = 'VAURIEN_CLUSTER'
PASSWORD_VARIABLE, PASSWORD_FILE_VARIABLE = 'VAURIEN_ETCD_PASSWORD', 'VAURIEN_ETCD_PASSWORD_FILE'
CACERT_VARIABLE, CERT_VARIABLE, KEY_VARIABLE = 'VAURIEN_ETCD_CACERT', 'VAURIEN_ETCD_CERT', 'VAURIEN_ETCD_KEY'
MAX_PASSWORD_BYTES = 4096


class Where(NamedTuple):
    """A cluster, and how to get in.

    Args:
        endpoints: Where etcd answers, in the order in which they are tried.
        name: The cluster's name, which its keys begin with.
        tls: Whether TLS is spoken.
        user: Who asks; empty: etcd wants nobody.
        password: The user's.
        cacert: The file of the authorities that are trusted; empty: those of the system.
        cert, key: What is shown to etcd; empty: nothing.
    """

    endpoints: tuple[Address, ...]
    name: str
    tls: bool = False
    user: str = ''
    password: str = ''
    cacert: str = ''
    cert: str = ''
    key: str = ''

    def __str__(self) -> str:
        """Write it as a user does, and never with the password."""
        hosts = ','.join(map(str, self.endpoints))
        return f'{SCHEMES[self.tls]}://{self.user}{"@" if self.user else ""}{hosts}/{self.name}'

    def __repr__(self) -> str:
        return str(self)


def find_cluster(text: str, option: str = 'cluster', environ: Mapping[str, str] = os.environ) -> Where:
    """Read where a cluster is.

    Args:
        text: As a user wrote it.
        option: How the user knows it; it goes into the message.
        environ: Has the password and the files of TLS.

    Raises:
        ConfigError: It is not of the form, has a password in it, or a file cannot be read.
    """
    scheme, separator, rest = text.partition('://')
    people, at, hosts = rest.rpartition('@')
    hosts, slash, name = hosts.partition('/')
    if ':' in people:   # the message must not show it
        raise ConfigError(option, f'{scheme}://{people.partition(":")[0]}:...@{hosts}/{name}',
                          f'no password in it: every user of the machine sees command lines; {PASSWORD_VARIABLE} or '
                          f'{PASSWORD_FILE_VARIABLE} has it')
    found = [endpoint(host) for host in hosts.split(',')]
    endpoints = tuple(address for address in found if address is not None)
    if scheme not in SCHEMES or not separator or not slash or len(endpoints) != len(found) or (at and not people):
        raise ConfigError(option, text, FORM)
    if len(endpoints) > MAX_ENDPOINTS:
        raise ConfigError(option, text, f'at most {MAX_ENDPOINTS} hosts')
    if not NAME.match(name):
        raise ConfigError(option, text, f'a name of the cluster after the last slash: {NAMES}')
    tls = scheme == SCHEMES[True]
    files = {field: environ.get(variable, '') if tls else '' for field, variable in (
        ('cacert', CACERT_VARIABLE), ('cert', CERT_VARIABLE), ('key', KEY_VARIABLE))}
    return Where(endpoints, name, tls, people, find_password(environ) if people else '', **files)


def endpoint(text: str) -> Address | None:
    """Read one host with or without a port; None: it is none."""
    bare = text.startswith('[') and text.endswith(']') or ':' not in text
    address = read(f'{text}:{DEFAULT_PORT}' if bare else text)
    return address if address is not None and address.host and address.port else None


def find_password(environ: Mapping[str, str]) -> str:
    """Return the password that the environment has, or names the file of; empty: neither.

    Raises:
        ConfigError: The file cannot be read, or is too long.
    """
    path = environ.get(PASSWORD_FILE_VARIABLE, '')
    if not path:
        return environ.get(PASSWORD_VARIABLE, '')
    try:
        with Path(path).open('rb') as file:
            data = file.read(MAX_PASSWORD_BYTES + 1)
        if len(data) > MAX_PASSWORD_BYTES:
            raise ValueError(f'it has more than {MAX_PASSWORD_BYTES} bytes')
        return data.decode().rstrip('\r\n')
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or str(error)
        raise ConfigError(PASSWORD_FILE_VARIABLE, path, f'a file with a password; {reason}') from None
