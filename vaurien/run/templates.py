"""What else a command is told, by ``--env``: ``REDIS_PORT={cache.port}``. Knows where proxies are, and no backend."""
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..address import Address
from ..errors import ConfigError
from ..options import Given, known

FORM = 'K=TEMPLATE, such as REDIS_PORT={cache.port}'
#: two braces stand for one
FIELD = re.compile(r'\{\{|\}\}|\{(?P<name>[^{}]*)\.(?P<part>\w+)\}|[{}]')
#: what stands for what, of one proxy; a socket has its path as host and no port
PARTS: dict[str, Callable[[Address, str], str]] = {
    'host': lambda address, url: address.host,
    'port': lambda address, url: '' if address.port is None else str(address.port),
    'address': lambda address, url: str(address),
    'url': lambda address, url: url,
}


class Template(NamedTuple):
    """A variable that the command gets.

    Args:
        variable: Its name.
        text: Its value, with fields in braces.
        label: How the user knows it.
    """

    variable: str
    text: str
    label: str

    def filled(self, addresses: Mapping[str, Address], urls: Mapping[str, str]) -> str:
        """Return the value.

        Args:
            addresses: The addresses of the proxies, by their names.
            urls: What was told of them as a whole, by their names.
        """
        def value(field: re.Match[str]) -> str:
            if field['part'] is None:
                return field[0][0]
            return PARTS[field['part']](addresses[field['name']], urls[field['name']])
        return FIELD.sub(value, self.text)

    def check(self, names: list[str]) -> None:
        """Refuse a field that means nothing.

        Args:
            names: Those of all proxies.

        Raises:
            ConfigError: There is one.
        """
        for field in FIELD.finditer(self.text):
            if field['part'] is None and len(field[0]) == 1:
                raise ConfigError(self.label, field[0], 'two braces where one is meant as it is')
            if field['part'] is not None and field['name'] not in names:
                raise ConfigError(self.label, field[0], f'the name of a proxy: {known(field["name"], names)}')
            if field['part'] is not None and field['part'] not in PARTS:
                raise ConfigError(self.label, field[0], known(field['part'], PARTS))


def read_template(given: Given) -> Template:
    """Read what ``--env`` was given.

    Raises:
        ConfigError: It is not of its form.
    """
    variable, equals, text = str(given.value).partition('=')
    if not equals or not variable:
        raise ConfigError(given.label, given.value, FORM)
    return Template(variable, text, f'{given.label} {variable}')
