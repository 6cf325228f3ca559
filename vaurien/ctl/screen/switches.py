"""What can be switched off and on again at one proxy: the entries of its mix and its toxics. Knows no screen."""
from collections.abc import Mapping
from typing import Any, NamedTuple

from ...client import Client

MIX, TOXIC = 'behavior', 'toxic'


class Switch(NamedTuple):
    """Something that goes wrong, or would.

    Args:
        kind: ``MIX`` or ``TOXIC``.
        given: The entry, or the toxic, as the server has it.
        on: Whether it is in force.
    """

    kind: str
    given: Mapping[str, Any]
    on: bool

    @property
    def key(self) -> str:
        """What it is known by at its proxy."""
        return f'{self.kind} {self.given["name"]}'

    @property
    def text(self) -> str:
        """What it is, in a line."""
        if self.kind == MIX:
            return words(f'{self.given["percent"]:g} % {self.given["name"]}', self.given['settings'])
        return words(f'{self.given["name"]} {self.given["stream"]}', self.given['attributes'])


def words(what: str, options: Mapping[str, Any]) -> str:
    """Write something with its options."""
    return ', '.join((what, *(f'{name} {value}' for name, value in options.items())))


class Switches:
    """The switches of all proxies; what was switched off here is remembered, to be switched on again.

    Args:
        client: What is asked.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._off: dict[str, dict[str, Switch]] = {}

    def of(self, proxy: Mapping[str, Any]) -> list[Switch]:
        """Return the switches of a proxy, as the server shows it: those that are on, then those that were switched off here."""
        found = [Switch(MIX, entry, True) for entry in proxy['mix'] if entry['name'] != 'dummy']
        found += [Switch(TOXIC, toxic, True) for toxic in proxy['toxics']]
        off, there = self._off.get(proxy['name'], {}), {switch.key for switch in found}
        return found + [switch for key, switch in off.items() if key not in there]

    def turn(self, proxy: str, switch: Switch) -> None:
        """Switch something off, or on again.

        Raises:
            VaurienError: The server has refused it; nothing has changed.
        """
        if switch.kind == MIX:
            mix = [entry for entry in self._client.show(proxy)['mix'] if entry['name'] not in ('dummy', switch.given['name'])]
            self._client.change(proxy, mix=mix if switch.on else [*mix, dict(switch.given)])
        elif switch.on:
            self._client.remove_toxic(proxy, switch.given['name'])
        else:
            fields = {name: switch.given[name] for name in ('name', 'stream', 'toxicity')}
            self._client.add_toxic(proxy, switch.given['type'], switch.given['attributes'], **fields)
        off = self._off.setdefault(proxy, {})
        if switch.on:
            off[switch.key] = switch._replace(on=False)
        else:
            off.pop(switch.key, None)

    def turn_proxy(self, proxy: str) -> None:
        """Let a proxy listen no more, or again where it did."""
        if self._client.show(proxy)['enabled']:
            self._client.disable(proxy)
        else:
            self._client.enable(proxy)
