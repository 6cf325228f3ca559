"""The command as vaurien sees it: starts it through the keeper, waits for its end in the event loop, and passes signals on.

Knows no proxy.
"""
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from gevent import get_hub, signal_handler
from gevent.event import AsyncResult

from ..errors import VaurienError
from ..net.loop import READABLE, release
from .keeper import READ_BYTES, Keeper, Lines
from .keeper.processes import adopt_orphans, end

#: what is passed on; a terminal sends some of them to the whole process group, and so to the command, too
PASSED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTSTP,
          signal.SIGCONT)
NOT_FOUND, NOT_EXECUTABLE = 127, 126    #: exit statuses where there is no command, as shells have them
SIGNALLED = 128     #: added to the number of the signal that has ended the command


class Child:
    """One command, from ``start`` to ``close``.

    Args:
        keeper: The process that is its parent.
        passed: The signals that are passed on.
    """

    def __init__(self, keeper: Keeper, passed: Sequence[signal.Signals] = PASSED) -> None:
        self._keeper, self._lines = keeper, Lines()
        self._started: Any = AsyncResult()
        self._ended: Any = AsyncResult()
        self._left: Any = AsyncResult()
        self._grace = 0.0
        self._watcher: Any = get_hub().loop.io(keeper.channel.fileno(), READABLE)
        self._watcher.start(self._read)
        self._handlers: list[Any] = [signal_handler(number, self._pass, number) for number in passed
                                     if signal.getsignal(number) is not signal.SIG_IGN]
        for handler in self._handlers:
            handler.ref = False
        adopt_orphans()     # those of a keeper that is killed

    def start(self, command: Sequence[str], environ: Mapping[str, str], grace: float) -> None:
        """Start it.

        Args:
            command: The program, and its arguments.
            environ: All of its environment.
            grace: Seconds that it may take to end, if vaurien is killed.

        Raises:
            NotStartedError: There is no such program, or it cannot be executed.
            VaurienError: The keeper was killed.
        """
        self._grace = grace
        self._keeper.send(do='start', command=list(command), environ=dict(environ), grace=grace)
        failed: OSError | None = self._started.get()
        if failed is not None:
            raise NotStartedError(command[0], failed)

    def wait(self) -> int:
        """Wait for its end, and return its exit status; 128 and the number of the signal where that has ended it."""
        status: int = self._ended.get()
        return SIGNALLED - status if status < 0 else status

    def wait_for(self, seconds: float) -> int | None:
        """Wait for its end as ``wait`` does, but not longer than some seconds; None: it has not ended."""
        return self.wait() if self._ended.wait(seconds) is not None or self._ended.ready() else None

    def end_rest(self) -> int:
        """End what it has left behind, and return how many processes that were."""
        self._keeper.send(do='end')
        left: int = self._left.get()
        return left

    def close(self) -> None:
        """Pass no more signals on, and listen to the keeper no more."""
        self._watcher = release(self._watcher)
        for handler in self._handlers:
            handler.cancel()

    # -- in the loop

    def _read(self) -> None:
        try:
            data = self._keeper.channel.recv(READ_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b''
        if not data:
            self._lost()
        for message in self._lines.feed(data):
            self._told(message)

    def _told(self, message: dict[str, Any]) -> None:
        if 'started' in message:
            self._started.set(None)
        elif 'failed' in message:
            self._started.set(OSError(message['failed'], message['reason']))
        elif 'ended' in message:
            self._ended.set(message['ended'])
        elif 'left' in message:
            self._left.set(message['left'])

    def _lost(self) -> None:
        """End without the keeper, which was killed: the command, which has got SIGTERM then, is a child of this process now."""
        self._watcher = release(self._watcher)
        end(os.getpid(), self._grace)
        error = VaurienError('the process that kept the command was killed, and so is the command')
        for result in (self._started, self._ended, self._left):
            if not result.ready():
                result.set_exception(error)

    def _pass(self, number: int) -> None:
        self._keeper.send(do='signal', number=number)


class NotStartedError(VaurienError):
    """There is no such command, or it cannot be executed.

    Args:
        command: Its name.
        reason: What the system said.
    """

    def __init__(self, command: str, reason: OSError) -> None:
        super().__init__(command, reason)
        self.command, self.reason = command, reason
        self.status = NOT_FOUND if isinstance(reason, FileNotFoundError) else NOT_EXECUTABLE

    def __str__(self) -> str:
        return f'{self.command}: {self.reason.strerror}'
