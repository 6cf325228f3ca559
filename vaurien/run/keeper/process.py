"""A process beside vaurien that starts the command, tells how it ends, and ends it if vaurien itself is killed.

It is the command's parent, and does nothing that could end it early: it relays nothing and waits for nothing but messages and
children. It is in vaurien's process group, with all signals blocked: one that was sent to the group waits in it, too, so it knows
that the command has got that one already. Knows messages, and not what the command is about.
"""
import json
import os
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, NoReturn

from . import network, processes

READ_BYTES = 2**16  #: [bytes] of one read

Message = dict[str, Any]


class Keeper:
    """The keeper's process, seen from vaurien's, until the end of a ``with`` block.

    Attributes:
        channel: The socket that messages come from, and go to.
    """

    def __enter__(self) -> 'Keeper':
        self.channel, other = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            keep(self.channel, other)
        other.close()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.channel.close()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def send(self, **message: Any) -> None:
        """Send it a message; nothing happens where it is gone."""
        with suppress(OSError):
            self.channel.sendall(encode(message))


    def open_network(self, places: Sequence[network.Place]) -> list[socket.socket]:
        """Have it go into a network of its own, with the command that it will start, and listen there.

        Args:
            places: Where; port 0 picks one.

        Returns:
            The listening sockets.

        Raises:
            OSError: That is not possible.
        """
        self.send(do='network', places=list(places))
        data, numbers, _, _ = socket.recv_fds(self.channel, READ_BYTES, len(places))
        answer = Lines().feed(data)[0]
        if 'failed' in answer:
            raise OSError(answer['failed'], answer['reason'])
        return [socket.socket(fileno=number) for number in numbers]


def encode(message: Message) -> bytes:
    """Write a message as a line."""
    return json.dumps(message).encode() + b'\n'


class Lines:
    """Messages out of the bytes of a channel."""

    def __init__(self) -> None:
        self._rest = b''

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that these bytes complete."""
        *lines, self._rest = (self._rest + data).split(b'\n')
        return [json.loads(line) for line in lines]


def keep(others: socket.socket, channel: socket.socket) -> NoReturn:
    """Be the keeper, in a process that was made for it.

    Args:
        others: Vaurien's end of the channel.
        channel: The keeper's own.
    """
    status = 1
    try:
        others.close()
        Keeping(channel).run()
        status = 0
    finally:
        os._exit(status)


class Keeping:
    """What the keeper does.

    Args:
        channel: Where messages come from; its end is vaurien's.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel, self._lines, self._vaurien = channel, Lines(), os.getppid()
        self._woken, wake = socket.socketpair()
        self._woken.setblocking(False)
        wake.setblocking(False)
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - {signal.SIGCHLD})
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        self._wake = wake
        self._command: int | None = None    # its process, while it runs
        self._grace = 0.0
        self._early: list[int] = []     # signals that came before it
        self._folder = ''
        self._calls: dict[str, Callable[[Message], None]] = {
            'start': self._start, 'signal': self._signal, 'end': self._end, 'remove': self._remove, 'network': self._network}
        processes.adopt_orphans()

    def run(self) -> None:
        """Do what is asked until vaurien is gone."""
        while True:
            ready, _, _ = select.select([self._channel, self._woken], [], [])
            if self._woken in ready:
                with suppress(BlockingIOError):
                    self._woken.recv(READ_BYTES)
                self._reap()
            if self._channel in ready:
                data = b''
                with suppress(OSError):
                    data = self._channel.recv(READ_BYTES)
                if not data:
                    break
                for message in self._lines.feed(data):
                    self._calls[message['do']](message)
        self._end_all()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _tell(self, **message: Any) -> None:
        with suppress(OSError):
            self._channel.sendall(encode(message))

    def _start(self, message: Message) -> None:
        """Start the command."""
        self._grace = message['grace']

        def before() -> None:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            processes.end_with_parent()
        try:
            started = subprocess.Popen(message['command'], env=message['environ'], close_fds=True, preexec_fn=before)
        except OSError as error:
            self._tell(failed=error.errno, reason=error.strerror)
            return
        started.returncode = 0  # it is waited for here, together with the orphans
        self._command = started.pid
        self._tell(started=started.pid)
        for number in self._early:
            os.kill(started.pid, number)

    def _signal(self, message: Message) -> None:
        """Pass a signal on, unless the whole process group has got it."""
        number = message['number']
        if number in signal.sigpending():
            signal.sigwait([number])
        elif self._command is not None:
            os.kill(self._command, number)
        else:
            self._early.append(number)

    def _remove(self, message: Message) -> None:
        """Remove a folder in the end."""
        self._folder = message['folder']

    def _reap(self) -> None:
        """Note children that have ended or stopped: the command, and orphans of its."""
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
                if pid == 0:
                    return
                if pid == self._command:
                    self._command_changed(status)

    def _command_changed(self, status: int) -> None:
        if os.WIFSTOPPED(status):
            self._do_to_vaurien(signal.SIGSTOP)
        elif os.WIFCONTINUED(status):
            self._do_to_vaurien(signal.SIGCONT)
        else:
            self._command = None
            self._tell(ended=os.waitstatus_to_exitcode(status))

    def _network(self, message: Message) -> None:
        """Go into a network of its own, and hand over what listens there."""
        try:
            opened = network.enter([(family, host, port) for family, host, port in message['places']])
        except OSError as error:
            self._tell(failed=error.errno, reason=error.strerror or str(error))
            return
        socket.send_fds(self._channel, [encode({'opened': len(opened)})], [one.fileno() for one in opened])
        for one in opened:
            one.close()

    def _do_to_vaurien(self, number: signal.Signals) -> None:
        """Let a shell with job control see of vaurien, which is what it knows, what has happened to the command."""
        if processes.has_terminal():
            with suppress(ProcessLookupError):
                os.kill(self._vaurien, number)

    def _end(self, message: Message) -> None:
        """End what the command has left behind, and the command; that it has ended is told first, or never."""
        left = self._end_all()
        self._reap()
        self._command = None
        self._tell(left=left)

    def _end_all(self) -> int:
        """End the command, and all that it has started: ask, and after the grace insist."""
        return processes.end(os.getpid(), self._grace)
