"""The contexts that a proxy speaks TLS with, made of what its spec says, all of which is checked first. Opens no socket."""
import ssl
from functools import lru_cache
from typing import NamedTuple

import msgspec

from ...address import is_loopback, parse_address, parse_backend, speaks_tls
from ...errors import ConfigError
from ...spec import EMBEDDED, TLS_FIELDS, TLS_VERSIONS, ProxySpec
from .authority import LOOPBACK, Authority, AuthorityError, own_authority
from .authority.faults import Faults
from .authority.leaves import Leaves
from .files import load_authorities, load_certificate, state_of
from .keylog import keylog

VERSIONS = dict(zip(TLS_VERSIONS, (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3), strict=True))
FILES = ('tls_cert', 'tls_key', 'tls_client_ca', 'tls_backend_ca', 'tls_backend_cert', 'tls_backend_key')
KEPT = 64   #: pairs of contexts that are kept: a proxy that is changed in other things goes on with those that it has
ANY = ('0.0.0.0', '::')     #: where all interfaces are listened on, and what nobody asks for


class Contexts(NamedTuple):
    """What a proxy speaks TLS with; ``Terms`` tells them apart that make use of them.

    Args:
        client: Towards its clients.
        backend: Towards its backend.
        leaves: Those towards its clients by the names that they ask for; None: ``client`` has the certificate that was given.
        faults: Those with which handshakes with clients fail; None: it has none with them.
    """

    client: ssl.SSLContext
    backend: ssl.SSLContext
    leaves: Leaves | None = None
    faults: Faults | None = None


def contexts(spec: ProxySpec) -> Contexts:
    """Check all that a spec says about TLS, whether it is made use of or not, and make contexts of it.

    Proxies of which the same is said share them, as long as the files are the same.

    Raises:
        ConfigError: A file cannot be used, two values do not go together, or there is neither a certificate nor an authority.
    """
    own = speaks_tls(spec.proxy) and not spec.tls_cert
    said = ProxySpec(proxy='tls://' if speaks_tls(spec.proxy) else '', backend='tls://' if speaks_tls(spec.backend) else '',
                     **{name: getattr(spec, name) for name in TLS_FIELDS})
    files = tuple(map(state_of, _files(spec)))
    try:
        return _contexts(msgspec.json.encode(said), files, keylog.path, *((own_authority(), own_names(spec)) if own else ()))
    except AuthorityError as error:
        raise ConfigError('proxy', spec.proxy, f'a certificate beside it, as --tls-cert; without one: {error}') from None


def _files(spec: ProxySpec) -> list[str]:
    return [path for name in FILES if (path := getattr(spec, name))]


@lru_cache(KEPT)
def _contexts(said: bytes, files: tuple[tuple[int, ...], ...], log: str, authority: Authority | None = None,
              names: tuple[str, ...] = ()) -> Contexts:
    spec = msgspec.json.decode(said, type=ProxySpec)
    check_pairs(spec)
    client, backend = client_context(spec), backend_context(spec)
    def make() -> ssl.SSLContext:
        return client_context(spec)
    return Contexts(client, backend, Leaves(authority, make, names) if authority else None,
                    Faults(make, authority, names) if speaks_tls(spec.proxy) else None)


def own_names(spec: ProxySpec) -> tuple[str, ...]:
    """Return the names that a proxy's certificate has where a client asks for none: its own, and its backend's."""
    listen = parse_address(spec.proxy, 'proxy', tls=True)
    names = [] if listen.unix or not listen.host else [listen.host]
    if listen.unix or not listen.host or is_loopback(listen.host) or listen.host in ANY:
        names += LOOPBACK
    if spec.backend != EMBEDDED and not (backend := parse_backend(spec.backend)).unix:
        names.append(backend.host)
    return tuple(dict.fromkeys(name for name in names if name not in ANY and (':' in name or is_name(name))))


def check_pairs(spec: ProxySpec) -> None:
    """Refuse values that do not go together.

    Raises:
        ConfigError: A key without a certificate, or a least version above the greatest one.
    """
    for prefix in ('tls_', 'tls_backend_'):
        key = getattr(spec, f'{prefix}key')
        if key and not getattr(spec, f'{prefix}cert'):
            raise ConfigError(f'{prefix}key', key, f'its certificate beside it, as {prefix}cert')
    for option in ('tls_min', 'tls_max'):
        value = getattr(spec, option)
        if value and value not in VERSIONS:
            raise ConfigError(option, value, f'one of {", ".join(VERSIONS)}')
    if spec.tls_min and spec.tls_max and spec.tls_min > spec.tls_max:
        raise ConfigError('tls_min', spec.tls_min, f'at most {spec.tls_max}, which is the greatest one')
    if spec.tls_server_name and not is_name(spec.tls_server_name):
        raise ConfigError('tls_server_name', spec.tls_server_name, 'the name of a host')


def is_name(text: str) -> bool:
    """Return whether a name can be asked for."""
    try:
        text.encode('idna')
    except UnicodeError:
        return False
    return bool(text) and text.isprintable() and not text.startswith('.') and not set(text) & set(' /:@[]"\'')


def client_context(spec: ProxySpec) -> ssl.SSLContext:
    """Make the context towards clients."""
    context = limited(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), spec)
    context.num_tickets = 1     # each takes 50 us, and may be used again
    if spec.tls_client_ca:
        load_authorities(context, 'tls_client_ca', spec.tls_client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    if spec.tls_cert:
        load_certificate(context, 'tls_cert', spec.tls_cert, spec.tls_key)
    return context


def backend_context(spec: ProxySpec) -> ssl.SSLContext:
    """Make the context towards the backend."""
    context = limited(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), spec)
    if spec.tls_backend_ca:
        load_authorities(context, 'tls_backend_ca', spec.tls_backend_ca)
    if not spec.tls_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    elif not spec.tls_backend_ca and speaks_tls(spec.backend):
        context.load_default_certs()
    if not spec.tls_verify_name:
        context.check_hostname = False
    if spec.tls_backend_cert:
        load_certificate(context, 'tls_backend_cert', spec.tls_backend_cert, spec.tls_backend_key)
    return context


def limited(context: ssl.SSLContext, spec: ProxySpec) -> ssl.SSLContext:
    """Let a context use the versions that are allowed, and begin nothing anew in the midst of a connection.

    Its secrets are written where ``keylog`` says.
    """
    context.minimum_version = VERSIONS[spec.tls_min or '1.2']
    if spec.tls_max:
        context.maximum_version = VERSIONS[spec.tls_max]
    context.options |= ssl.OP_NO_RENEGOTIATION
    keylog.attach(context)
    return context
