"""The scripts by which bash, zsh and fish complete a command."""
from collections.abc import Callable

from .bash import bash
from .fish import fish
from .model import Commands, Flag, Takes
from .zsh import zsh

__all__ = ['SCRIPTS', 'Commands', 'Flag', 'Takes']

SCRIPTS: dict[str, Callable[[Commands], str]] = {'bash': bash, 'zsh': zsh, 'fish': fish}    # as messages list them
