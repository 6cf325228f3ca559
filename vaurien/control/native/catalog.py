"""What goes over the native surface about plugins, as data: which there are, their options, and the failures that they know."""
from typing import Any

from ...spec import ToxicSpec
from .models import Output


class OptionInfo(Output):
    """An option of a plugin; ``expected`` says in words which values it takes."""

    name: str
    description: str
    type: str
    expected: str
    default: Any
    choices: list[Any] | None


class KindInfo(Output):
    """A failure that a kind of server really has."""

    name: str
    description: str
    stages: list[str]
    codes: list[str]
    category: str
    scope: str
    only_named: bool


class PluginInfo(Output):
    """A plugin and its options."""

    name: str
    description: str
    options: list[OptionInfo]


class ProtocolInfo(PluginInfo):
    """A protocol, its options, and the failures it knows."""

    kinds: list[KindInfo]


class Behaviors(Output):
    """The behaviors that there are."""

    behaviors: list[PluginInfo]


class Protocols(Output):
    """The protocols that there are."""

    protocols: list[ProtocolInfo]


class Toxics(Output):
    """The toxics that there are."""

    toxics: list[PluginInfo]


class LinkInfo(Output):
    """A link that people know, and the toxics that make a wire like it."""

    name: str
    description: str
    source: str
    toxics: list[ToxicSpec]


class Links(Output):
    """The links that there are."""

    links: list[LinkInfo]
