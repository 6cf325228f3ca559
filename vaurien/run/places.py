"""Where a command's backends are, and what it is told in their stead. Knows no option but ``--through``, and starts nothing."""
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..errors import ConfigError
from ..options import Given
from ..registry import NAME, NAME_FORM
from . import urls
from .urls import Url


class Place(NamedTuple):
    """A backend that gets a proxy.

    Args:
        name: The proxy's name.
        backend: Its address.
        protocol: What it speaks.
        listen: Where the proxy listens; port 0 picks one.
    """

    name: str
    backend: str
    protocol: str
    listen: str = '127.0.0.1:0'


class Through(NamedTuple):
    """A variable of the environment with the address of a backend, or of several.

    Args:
        variable: Its name.
        url: Its value, taken apart.
        places: The backends, in the order of the value.
    """

    variable: str
    url: Url
    places: tuple[Place, ...]

    def told(self, addresses: Mapping[str, str]) -> dict[str, str]:
        """Return what the command is told in the variable's stead, by the addresses of the proxies."""
        return {self.variable: self.url.at([addresses[place.name] for place in self.places])}


def read_through(given: Given, environ: Mapping[str, str]) -> Through:
    """Read what ``--through`` was given.

    Raises:
        ConfigError: There is no such variable, or no address in it.
    """
    variable, _, protocol = str(given.value).partition(':')
    if variable not in environ:
        raise ConfigError(given.label, variable, 'the name of an environment variable that is set')
    url = urls.read(environ[variable], f'{given.label} {variable}')
    return Through(variable, url, tuple(name_all(variable.lower(), url.hosts, protocol or url.protocol, given)))


def name_all(name: str, hosts: Sequence[str], protocol: str, given: Given) -> list[Place]:
    if not NAME.match(name):
        raise ConfigError(given.label, name, f'a name of {NAME_FORM}')
    names = [name, *(f'{name}_{number}' for number in range(2, len(hosts) + 1))]
    return [Place(one, host, protocol) for one, host in zip(names, hosts, strict=True)]
