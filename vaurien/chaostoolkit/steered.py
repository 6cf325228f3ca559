"""Where an experiment says its vaurien is, and what becomes of a refusal. Knows no action and no probe."""
import contextlib
import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..client import Client, find_control
from ..errors import VaurienError

#: what ``configuration`` and ``secrets`` of an experiment may have
CONTROL, CACERT, TOKEN = 'vaurien_control', 'vaurien_cacert', 'vaurien_token'
EXTRA = 'vaurien[chaostoolkit]'


def chaoslib(name: str) -> Any:
    """Return a module of chaostoolkit-lib.

    Raises:
        VaurienError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise VaurienError(f'vaurien.chaostoolkit needs what {EXTRA} brings: pip install "{EXTRA}" ({error})') from None


@contextlib.contextmanager
def steered(configuration: Mapping[str, Any] | None, secrets: Mapping[str, Any] | None) -> Iterator[Client]:
    """Give the client of the vaurien that an experiment is about, for the length of a block.

    Args:
        configuration: ``vaurien_control`` is its URL, without it ``VAURIEN_CONTROL``, else ``http://localhost:8080``;
            ``vaurien_cacert`` is the file of the authorities, as of ``Client``. None: it has neither.
        secrets: ``vaurien_token`` is the token; without it ``VAURIEN_HTTP_TOKEN``. None: it has none.

    Raises:
        chaoslib.exceptions.ActivityFailed: vaurien refuses or does not answer, in its words.
    """
    said, hidden = configuration or {}, secrets or {}
    try:
        there = find_control(said.get(CONTROL) or None, CONTROL)
        yield Client(there.host, there.port, hidden.get(TOKEN) or None, tls=there.tls, cacert=said.get(CACERT) or None)
    except (VaurienError, TimeoutError) as error:
        raise chaoslib('chaoslib.exceptions').ActivityFailed(str(error)) from error
