"""From the name of a backend to its address; the embedded one is started when the first proxy asks for it. Knows no proxy."""
from typing import Any

from ...address import Address, parse_backend
from ...spec import ANY, EMBEDDED


class Backends:
    """The backends of a process: all are elsewhere, but for the embedded one."""

    def __init__(self) -> None:
        self._embedded: Any = None

    def find(self, backend: str) -> Address:
        """Return the address of what a spec names.

        Raises:
            ConfigError: It is no address.
        """
        if backend == ANY:
            return Address(ANY, 0)      # no address: what is connected to is asked for by each client
        return self._start() if backend == EMBEDDED else parse_backend(backend)

    def _start(self) -> Address:
        if self._embedded is None:
            from .server import Embedded  # few need it, and it brings a HTTP server along
            self._embedded = Embedded()
            self._embedded.start()
        address: Address = self._embedded.address
        return address

    def stop(self) -> None:
        """End the embedded one, where it was started."""
        embedded, self._embedded = self._embedded, None
        if embedded is not None:
            embedded.stop()
