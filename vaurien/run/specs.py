"""From a command line and its places to what the process should be. Starts nothing."""
import secrets
from collections.abc import Mapping, Sequence

from ..address import TOKEN_VARIABLE
from ..config.builder import OF_ONE, Builder, Configuration
from ..config.settings import PROXY
from ..config.values import of_plugin
from ..errors import ConfigError
from ..options import Given, known
from ..plugins import Catalog
from ..spec import LIMITS
from .arguments import ON, Line
from .places import Place

TOKEN_BYTES = 16    #: of a token that is made for one run
#: what holds where nothing else is said
DEFAULTS = {'http_host': '127.0.0.1', 'http_port': '0', 'log_level': 'warning', 'show': 'none'}


def configuration(line: Line, places: Sequence[Place], catalog: Catalog, environ: Mapping[str, str],
                  notes: Sequence[str]) -> Configuration:
    """Make the specs of a run.

    Args:
        line: The command line.
        places: The backends.
        catalog: The plugins that there are.
        environ: The process's environment.
        notes: What the user is to be warned of already.

    Raises:
        ConfigError: A value does not fit.
    """
    names = [place.name for place in places]
    for name in line.on:
        if name not in names:
            raise ConfigError(ON, name, known(name, names))
    token = environ.get(TOKEN_VARIABLE) or secrets.token_hex(TOKEN_BYTES)
    process: dict[str, Given] = {key: Given(value, key) for key, value in DEFAULTS.items()}
    process |= {'fleet_only': Given(True, ''), 'http': Given(True, ''), 'http_token': Given(token, TOKEN_VARIABLE)}
    process |= {key: given for key, given in line.common.items() if (key not in PROXY or key in LIMITS) and not of_plugin(key)}
    if 'quiet' in line.common and 'show' not in line.common:
        del process['show']
    builder = Builder(catalog, process, {}, environ)
    builder.shared = {key: given for key, given in line.common.items() if of_plugin(key)}
    common = {key: given for key, given in line.common.items() if key in OF_ONE or key == 'bufsize'}
    for place in places:
        own = {'proxy': place.listen, 'backend': place.backend, 'protocol': place.protocol}
        builder.proxies[place.name] = {**common, **line.on.get(place.name, {}),
                                       **{key: Given(value, f'proxy {place.name}: {key}') for key, value in own.items()}}
    return builder.configuration(notes)
