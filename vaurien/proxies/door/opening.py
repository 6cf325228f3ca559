"""Which connections a forward proxy opens, and with what; made of its spec once. Opens no socket."""
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ...address import TLS, Address, is_loopback, speaks_tls
from ...errors import ConfigError
from ...spec import ANY, INTERCEPTED, ProxySpec
from ...words.hosts import FORM, NamedHost, read_hosts

if TYPE_CHECKING:
    from ...net.tls.terms import Terms


logger = logging.getLogger(__name__)
#: what both sides may be: TLS, here by its own name, there by the one that is asked for
OWN, ASKED = f'{TLS}localhost:0', f'{TLS}localhost:443'


class Opening(NamedTuple):
    """What a forward proxy opens; all other connections pass unread.

    Args:
        hosts: The hosts.
        terms: What it does with TLS there; its address and its name are those of the connection.
    """

    hosts: tuple[NamedHost, ...]
    terms: 'Terms'

    @staticmethod
    def warn(name: str, bound: Address) -> None:
        """Say so where other machines reach it: it connects them to whatever this one can reach."""
        if not bound.unix and not is_loopback(bound.host):
            logger.warning('%s is a forward proxy at %s: other machines reach through it whatever this one does', name, bound)


def make_opening(spec: ProxySpec, listen: Address, settings: Mapping[str, Any]) -> Opening | None:
    """Check all that a spec says about a forward proxy, and make of it what one needs; None: it is about none.

    Args:
        spec: The spec.
        listen: Where the proxy listens.
        settings: Those of its protocol, complete.

    Raises:
        ConfigError: Two values do not go together, or a file cannot be used.
    """
    if spec.backend != ANY:
        if spec.intercept:
            raise ConfigError('intercept', spec.intercept, f'no backend beside it but {ANY}')
        return None
    if spec.protocol != INTERCEPTED:
        raise ConfigError('protocol', spec.protocol, f'{INTERCEPTED}, which is what a forward proxy opens')
    if speaks_tls(spec.proxy):
        raise ConfigError('proxy', spec.proxy, 'no tls:// before the address of a forward proxy')
    try:
        hosts = read_hosts(spec.intercept)
    except ValueError:
        raise ConfigError('intercept', spec.intercept, FORM) from None
    from ...net.tls.contexts import contexts  # they are slow to import, and most proxies have no use for them
    from ...net.tls.terms import Terms
    from ...protocols.http import Intercepted
    try:
        found = contexts(msgspec.structs.replace(spec, proxy=OWN if hosts else '', backend=ASKED))
    except ConfigError as error:
        if error.option != 'proxy':
            raise
        raise ConfigError('intercept', spec.intercept, error.reason) from None
    return Opening(hosts, Terms(found.client, found.backend, listen, Address('', 0), spec.tls_server_name,
                                Intercepted.offered(settings), leaves=found.leaves, faults=found.faults))
