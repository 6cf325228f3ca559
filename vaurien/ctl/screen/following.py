"""Follows a vaurien from a thread of its own, for as long as somebody looks. Knows the client's events, and no screen."""
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ...client import Client
from ...errors import VaurienError

PAUSE = 1.0     #: [seconds] until the next attempt where no vaurien responds

Told = Callable[[str, Mapping[str, Any]], None]


class Following:
    """Tells what happens, in its thread, and comes back by itself when vaurien does.

    Args:
        client: What is asked.
        told: Called with the name of each event and its data; ``lost`` with ``text`` where nothing responds.
    """

    def __init__(self, client: Client, told: Told) -> None:
        self._client, self._told, self._proxy = client, told, ''
        self._last: int | None = None   # the newest fault that was told of, and of which nobody is told again
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def watch(self, proxy: str) -> None:
        """Be told of this proxy's requests, too, from the next second on."""
        self._proxy = proxy

    def stop(self) -> None:
        """Tell nothing more."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._follow(self._proxy)
            except VaurienError as error:
                self._told('lost', {'text': str(error)})
                self._proxy = ''
                self._ended.wait(PAUSE)

    def _follow(self, proxy: str) -> None:
        for name, data in self._client.live(proxy, self._last):
            if self._ended.is_set() or proxy != self._proxy:
                return
            if name == 'hello':
                self._last = data['fault'] if self._last is None else min(self._last, data['fault'])
            elif name == 'faults':
                self._last = data['faults'][-1]['id']
            self._told(name, data)
