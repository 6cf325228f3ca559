"""psycopg as a client: its bytes are noted by passing them on, since nothing can be put under libpq's socket."""
import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from tests.support.peers import READ, listener, reset
from tests.support.processes import HOST
from tests.support.servers import DATABASE, USER

from .clients import PATIENCE, STALL, Tapped, tap
from .units import Unit

COPY = 'COPY hunt (s, v) FROM STDIN'


class Library(Tapped):
    """psycopg; it connects when something is to be said, and hears each answer before it says more.

    Args:
        port: The proxy's.
        word: How the session is called.
    """

    def __init__(self, port: int, word: str) -> None:
        super().__init__(tap(port))
        self._word = word
        self._library: Any = None
        self._passing: threading.Thread | None = None
        self._asking, self._waits = threading.Lock(), False

    def say(self, asks: Sequence[Unit]) -> int:
        self._connect()
        said = 0
        for unit in asks:
            if self._library is None or self._library.closed:
                break
            said += 1
            self._try(lambda unit=unit: self._run(unit))    # type: ignore[misc]
        return said

    def hear(self, content: Callable[[], bool]) -> None:
        self._connect()
        until = time.monotonic() + PATIENCE
        while not (self.end or content()):
            time.sleep(STALL)
            self.silent = time.monotonic() > until

    def leave(self, how: str) -> None:
        if self._library is not None:
            self._library.close()
        if self._passing is not None:
            self._passing.join(PATIENCE)
        super().leave(how)

    def _connect(self) -> None:
        if self._passing is None:
            entrance = listener(HOST)
            self._passing = threading.Thread(target=self._pass_on, args=(entrance,), daemon=True)
            self._passing.start()
            self._try(lambda: self._log_in(entrance.getsockname()[1]))

    def _log_in(self, port: int) -> None:
        self._library = psycopg.connect(host=HOST, port=port, user=USER, dbname=DATABASE, sslmode='disable', gssencmode='disable',
                                        application_name=self._word, autocommit=True, prepare_threshold=None)

    def _run(self, unit: Unit) -> None:
        (code, *fields), *rest = unit
        if code == 'P':
            _, _, _, value = rest[0]
            self._library.execute(fields[1].replace('$1', '%s'), (value,))
        elif fields[0] == COPY:
            with self._library.cursor().copy(COPY) as copying:
                for _, *lines in rest[:-1]:
                    copying.write(f'{lines[0]}\n')
        else:
            self._library.execute(fields[0])

    def _try(self, call: Callable[[], None]) -> None:
        """Do something; what the server answers is in the bytes."""
        self._waits = True
        try:
            call()
        except psycopg.Error:
            pass
        except Exception as error:  # noqa: BLE001 - it is what is looked for
            self.raised.append(repr(error))
        with self._asking:
            self._waits = False

    def _pass_on(self, entrance: socket.socket) -> None:
        """Pass bytes on in both directions until the library has gone."""
        with entrance:
            near, _ = entrance.accept()
        last = time.monotonic()
        with near, contextlib.suppress(OSError):
            while True:
                readable, _, _ = select.select([near, self.sock], [], [], STALL)
                last = time.monotonic() if readable or not self._waits else last
                if not readable and (self._hopeless() or time.monotonic() > last + PATIENCE):
                    return
                if near in readable:
                    data = near.recv(READ)
                    if not data:
                        return
                    self.sock.sendall(data)
                if self.sock in readable:
                    self.sock.settimeout(STALL)
                    data = self._heard()
                    if not data:
                        if self.end == 'RST':
                            reset(near)
                        return
                    near.sendall(data)

    def _hopeless(self) -> bool:
        """Return whether the library waits in vain; asked only while it does, since nothing else asks the journal then."""
        with self._asking:
            return self._waits and self.sock.hopeless()

    def _heard(self) -> bytes:
        try:
            return self.sock.recv(READ)
        except ConnectionError:
            return b''
