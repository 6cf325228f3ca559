"""Which requests may steer this process: by address, by token, by Host and Origin. Knows nothing of what they ask for.

A web page in a browser can send requests to this machine, and by DNS rebinding under a name of its own. The browser
tells both, in Host and Origin; a request whose values are not the server's own is refused.
"""
import hmac
from ipaddress import ip_address

import falcon

from ..address import TOKEN_VARIABLE, Address
from ..words.allowed import Allowed
from .surface import MAX_BODY_BYTES, Refusal, too_large

#: names of this machine, for itself
LOOPBACK = ('localhost', '127.0.0.1', '::1')
READING = ('GET', 'HEAD', 'OPTIONS')     #: methods that change nothing
PORTS = (80, 443)   #: of http and https, in the order of whether TLS is spoken


class Guard:
    """Falcon middleware that lets through what may come in.

    Args:
        host: Where the server was told to listen.
        bound: Where it listens.
        token: What requests must carry; empty: nothing.
        allowed: Who may connect, and under which names, beside this machine under its own.
        tls: Whether the server speaks TLS.
        public: What paths begin with that need no token; empty: all do.
        fixed: Why nothing can be changed; empty: all can.
    """

    def __init__(self, host: str, bound: Address, token: str, allowed: Allowed, tls: bool = False,
                 public: str = '', fixed: str = '') -> None:
        self._public, self._fixed = public, fixed
        self._token, self._allowed, self._scheme = token.encode(), allowed, 'https' if tls else 'http'
        self._hosts = own_hosts(host, bound, any_name=not any(allowed), tls=tls)

    def process_request(self, request: falcon.Request, response: falcon.Response) -> None:
        """Refuse a request that may not come in."""
        self.check_origin(request)
        if not self._is_public(request):
            self.check_token(request)
        if self._fixed and request.method not in READING:
            raise Refusal(409, self._fixed)
        if (length_of(request) or 0) > MAX_BODY_BYTES:
            raise too_large()

    def check_origin(self, request: falcon.Request) -> None:
        """Refuse what came under another name than the server's, or from a page that it did not serve.

        Raises:
            Refusal: 403.
        """
        host = request.env.get('HTTP_HOST', '').lower()
        if not host or self._hosts is not None and host not in self._hosts and not self._allowed.names_host(host):
            raise Refusal(403, "the Host is not this server's; --http-allow HOST would make it that", 'header', 'Host')
        origin = request.env.get('HTTP_ORIGIN')
        if origin is not None and origin.lower() != f'{self._scheme}://{host}':
            raise Refusal(403, "the Origin is not this server's", 'header', 'Origin')

    def _is_public(self, request: falcon.Request) -> bool:
        """Return whether what is asked for is the same for everyone."""
        return bool(self._public) and request.method in ('GET', 'HEAD') and request.path.startswith(self._public)

    def check_token(self, request: falcon.Request) -> None:
        """Refuse what does not carry the token.

        Raises:
            Refusal: 401.
        """
        if not self._token:
            return
        scheme, _, given = request.env.get('HTTP_AUTHORIZATION', '').partition(' ')
        if scheme.lower() != 'bearer' or not hmac.compare_digest(given.strip().encode('latin-1', 'replace'), self._token):
            raise Refusal(401, f'a request needs Authorization: Bearer and the token (vaurienctl: --token or {TOKEN_VARIABLE})',
                          'header', 'Authorization',
                          {'WWW-Authenticate': 'Bearer realm="vaurien"'})


def own_hosts(host: str, bound: Address, any_name: bool = True, tls: bool = False) -> frozenset[str] | None:
    """Return what Host may be.

    Args:
        host: Where the server was told to listen.
        bound: Where it listens.
        any_name: It was not told its names.
        tls: Whether it speaks TLS: at the port of its scheme ``Host`` has none.

    Returns:
        The values; None: any, because the server listens on all addresses and so has names that it cannot know. It
        has a token then, which no foreign page knows.
    """
    if any_name and is_wildcard(bound.host):
        return None
    names = {*LOOPBACK, host.lower(), bound.host.lower()}
    with_port = {str(Address(name, bound.port)) for name in names}
    without = {entry.rpartition(':')[0] for entry in with_port} if bound.port == PORTS[tls] else set()
    return frozenset(with_port | without)


def is_wildcard(host: str) -> bool:
    """Return whether an address means all of this machine's."""
    return not host or ip_address(host).is_unspecified


def length_of(request: falcon.Request) -> int | None:
    """Return what Content-Length says; None: nothing."""
    text = request.env.get('CONTENT_LENGTH', '')
    return int(text) if text.isdigit() else None
