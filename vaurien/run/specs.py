"""From a command line and its places to what the process should be. Starts nothing."""
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .. import options
from ..address import TLS, TOKEN_VARIABLE
from ..config.arguments import Values
from ..config.builder import OF_ONE, Builder, Configuration
from ..config.files import Sections
from ..config.settings import PROXY
from ..config.values import of_plugin
from ..errors import ConfigError
from ..plugins import Catalog
from ..protocols import Protocol
from ..protocols.starttls import DIRECT
from ..spec import SHARED
from .addresses import Verify
from .arguments import ON, Line
from .places import Place

TOKEN_BYTES = 16    #: of a token that is made for one run
#: what holds where nothing else is said
DEFAULTS = {'http_host': '127.0.0.1', 'http_port': '0', 'log_level': 'warning', 'show': 'none'}
#: what holds for a protocol where nothing else is said: a web server is asked by its own name, and redirects to the proxy
BY_PROTOCOL: dict[str, Values] = {'http': {f'protocol.{key}': options.Given('true', 'http')
                                      for key in ('overwrite_host_header', 'rewrite_redirects')}}
#: what is said of one proxy: where it is stands on the command line of a run
SAID = (*(key for key in OF_ONE if key not in ('proxy', 'backend', 'intercept', 'protocol')), 'bufsize', *SHARED)


class Given(NamedTuple):
    """What there is beside the command line.

    Args:
        catalog: The plugins that there are.
        sections: What the INI file gave; empty: there is none.
        environ: The process's environment.
        notes: What the user is to be warned of already.
    """

    catalog: Catalog
    sections: Sections
    environ: Mapping[str, str]
    notes: tuple[str, ...]


def configuration(line: Line, places: Sequence[Place], given: Given) -> Configuration:
    """Make the specs of a run.

    Args:
        line: The command line.
        places: The backends.
        given: What there is beside it.

    Raises:
        ConfigError: A value does not fit.
    """
    builder = Builder(given.catalog, {key: line.common[key] for key in ('config',) if key in line.common}, given.sections,
                      given.environ)
    names = [place.name for place in places]
    for name, where in [*((name, ON) for name in line.on), *((name, '[proxy:NAME]') for name in builder.proxies)]:
        if name not in names:
            raise ConfigError(where, name, options.known(name, names))
    builder.line = process(line, builder.main, given.environ)
    builder.shared |= {key: value for key, value in line.common.items() if of_plugin(key)}
    for place in places:
        file = {key: value for key, value in {**builder.main, **builder.proxies.get(place.name, {})}.items()
                if key in SAID or of_plugin(key)}
        common = {key: value for key, value in line.common.items() if key in SAID or of_plugin(key)}
        tls = TLS if place.wish else ''
        own = {'proxy': f'{tls}{place.listen}', 'backend': f'{tls}{place.backend}', 'protocol': place.protocol}
        if place.intercept:
            own = {'proxy': str(place.listen), 'intercept': place.intercept}
        builder.proxies[place.name] = {
            **wished(place), **BY_PROTOCOL.get(own.get('protocol', ''), {}), **file, **common, **line.on.get(place.name, {}),
            **{key: options.Given(value, f'proxy {place.name}: {key}') for key, value in own.items()}}
    return builder.configuration(given.notes)


def wished(place: Place) -> Values:
    """Return what a proxy does to its backend of what the command would do: it verifies as much, and shows the same."""
    wish = place.wish
    if wish is None:
        return {}
    found: dict[str, Any] = {'tls_verify': wish.verify > Verify.NOTHING, 'tls_verify_name': wish.verify is Verify.NAME,
                             'tls_backend_ca': wish.ca, 'tls_backend_cert': wish.cert, 'tls_backend_key': wish.key,
                             'tls_server_name': wish.names[0] if wish.names else ''}
    if wish.at_once and 'starttls' in Protocol.get(place.protocol).options:
        found['protocol.starttls'] = DIRECT
    return {key: options.Given(value, f'{place.name} {key}') for key, value in found.items() if value != ''}


def process(line: Line, main: Values, environ: Mapping[str, str]) -> Values:
    """Return what is said of the process, completed by what a run has.

    Args:
        line: The command line.
        main: What the INI file says.
        environ: The process's environment.
    """
    token = environ.get(TOKEN_VARIABLE) or secrets.token_hex(TOKEN_BYTES)
    values: Values = {key: options.Given(value, key) for key, value in DEFAULTS.items() if key not in main}
    values |= {'http_token': options.Given(token, TOKEN_VARIABLE)}
    values |= {key: value for key, value in line.common.items() if (key not in PROXY or key in SHARED) and not of_plugin(key)}
    if 'quiet' in line.common and 'show' not in line.common:
        values.pop('show', None)
    return values | {'fleet_only': options.Given(True, ''), 'http': options.Given(True, '')}
