"""Reads command lines and INI files as vaurien would, in a new folder, and forgets the plugins that this made known."""
import sys

import pytest

from vaurien.behaviors import Behavior
from vaurien.config import configure
from vaurien.errors import ConfigError
from vaurien.protocols import Protocol
from vaurien.toxics import TOXICS


@pytest.fixture(autouse=True)
def new_folder(tmp_path, monkeypatch):
    """Work in a new folder; afterwards no plugin, and no module of it, is known any more."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'path', [entry for entry in sys.path if entry])
    known = {registry: dict(registry._classes) for registry in (Behavior, Protocol, TOXICS)}
    modules = set(sys.modules)
    yield tmp_path
    for registry, classes in known.items():
        registry._classes = classes
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], '__file__', '')):
            del sys.modules[name]


def spec(*argv, ini=None, environ=None):
    return configuration(*argv, ini=ini, environ=environ).spec


def configuration(*argv, ini=None, environ=None):
    if ini is not None:
        with open('main.ini', 'w', encoding='utf-8') as file:
            file.write(ini)
        argv = ('--config', 'main.ini', *argv)
    return configure(argv, environ or {})


def proxy(*argv, **kwargs):
    return spec(*argv, **kwargs).proxies[0]


def refused(*argv, error=ConfigError, **kwargs):
    with pytest.raises(error) as caught:
        spec(*argv, **kwargs)
    assert '\n' not in str(caught.value)
    return str(caught.value)
