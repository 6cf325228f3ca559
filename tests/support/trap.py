"""Calls that may wait, made where nothing may: in the thread of an event loop. Knows nothing of vaurien.

Such a call is refused before it waits, and written down with its stack. It is caught where the interpreter tells of it (audit
events), or where its module or its class has it. What is written in C and told by neither is not seen: a lock, a file object.

``python -m tests.support.trap REPORT MODULE ARGUMENT...`` runs a module as a program, and writes down what its loop has caught.
"""
import fcntl
import functools
import logging
import os
import runpy
import select
import socket
import stat
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple
from unittest import mock

import gevent

#: calls of a stack that are kept, those above the one that may wait
FRAMES = 15
#: returns whether a call with these arguments may wait
Check = Callable[..., bool]


class MayWaitError(AssertionError):
    """A call that may wait was made in the thread of an event loop."""


class Call(NamedTuple):
    """A call that may wait."""

    name: str
    args: str
    stack: str

    def __str__(self) -> str:
        return f'{self.name}({self.args}) may wait:\n{self.stack}'


class Trap:
    """Catches the calls of the thread that switches it on: ``with Trap() as trap: ...; assert not trap.calls``.

    Attributes:
        calls: Those that were caught.
    """

    _on: 'dict[int, Trap]' = {}
    _patches = ExitStack()
    _lock = threading.Lock()

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._thread = 0

    def __enter__(self) -> 'Trap':
        with self._lock:
            if not self._on:
                install(self._patches)
            self._thread = threading.get_ident()
            assert self._thread not in self._on, 'one trap a thread'
            self._on[self._thread] = self
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._lock:
            del self._on[self._thread]
            if not self._on:
                self._patches.close()

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Let the calls of a block wait: it holds up the loop on purpose, and no other greenlet has a turn in it."""
        del self._on[self._thread]
        try:
            yield
        finally:
            self._on[self._thread] = self

    def __str__(self) -> str:
        return '\n'.join(map(str, self.calls)) or 'nothing has waited'

    @classmethod
    def look(cls, name: str, check: Check, args: tuple[Any, ...]) -> None:
        """Look at a call that is about to be made, in any thread.

        Raises:
            MayWaitError: It may wait, and this is the thread of an event loop.
        """
        trap = cls._on.get(threading.get_ident())
        if trap is None or not check(*args):
            return
        stack = ''.join(traceback.format_list(traceback.extract_stack(limit=FRAMES + 2)[:-2]))
        trap.calls.append(Call(name, ', '.join(map(repr, args)), stack))
        raise MayWaitError(f'{name} may wait, in the thread of an event loop')


# -- what may wait

def always(*args: Any) -> bool:
    return True


def a_while(seconds: float) -> bool:
    return seconds > 0


def is_name(host: Any) -> bool:
    """Return whether a host has to be looked up."""
    text = host.decode('latin-1') if isinstance(host, bytes) else host
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, (text or '::').partition('%')[0])
            return False
    return True


def looks_up(host: Any, *rest: Any) -> bool:
    return is_name(host)


def has_name(sock: Any, address: Any) -> bool:
    """Return whether an address that a socket is given has a name in it, which Python looks up by itself."""
    return sock.family != socket.AF_UNIX and is_name(address[0])


def connects(sock: Any, address: Any) -> bool:
    return has_name(sock, address) or bool(sock.type & socket.SOCK_STREAM) and sock.gettimeout() != 0


def opens(path: Any, mode: Any, flags: int) -> bool:
    """Return whether a file that is opened is a pipe: that waits for its other side."""
    with suppress(OSError, ValueError, TypeError):
        return not isinstance(path, int) and not flags & os.O_NONBLOCK and stat.S_ISFIFO(os.stat(path).st_mode)
    return False


def locks(file: Any, operation: int, *rest: Any) -> bool:
    return bool(operation & (fcntl.LOCK_SH | fcntl.LOCK_EX)) and not operation & fcntl.LOCK_NB


def ready(file: Any, event: int) -> bool:
    """Return whether a descriptor would not wait now."""
    looking = select.poll()
    looking.register(file, event)
    return bool(looking.poll(0))


def is_blocking(number: int) -> bool:
    """Return whether calls on a descriptor wait: on a pipe, a socket or a terminal that is not told otherwise."""
    with suppress(OSError):
        return not stat.S_ISREG(os.fstat(number).st_mode) and os.get_blocking(number)
    return False


def reads(number: int, *rest: Any) -> bool:
    return is_blocking(number) and not ready(number, select.POLLIN)


def writes(number: int, *rest: Any) -> bool:
    """Return whether a write may wait, now or some day: nothing says that a pipe has room."""
    return is_blocking(number) and not stat.S_ISCHR(os.fstat(number).st_mode)


def receives(sock: Any, *rest: Any) -> bool:
    return sock.gettimeout() != 0 and not ready(sock, select.POLLIN)


def sends(sock: Any, *rest: Any) -> bool:
    return sock.gettimeout() != 0 and not ready(sock, select.POLLOUT)


def selects(read: Any, write: Any, error: Any, timeout: float | None = None) -> bool:
    return timeout != 0


def waits_for_child(number: int, options: int) -> bool:
    return not options & os.WNOHANG


def logs(handler: Any, record: Any) -> bool:
    """Return whether a line of a log goes to a pipe or a terminal that may not take it."""
    with suppress(AttributeError, OSError, ValueError):
        return writes(handler.stream.fileno())
    return False


#: what the interpreter tells of, by the names of its audit events; not all of them come in all versions
AUDITED: dict[str, Check] = {
    'socket.connect': connects, 'socket.bind': has_name, 'socket.sendto': has_name, 'socket.getaddrinfo': looks_up,
    'socket.gethostbyname': looks_up, 'socket.gethostbyaddr': always, 'socket.getnameinfo': always,
    'open': opens, 'fcntl.flock': locks, 'fcntl.lockf': locks,
    'subprocess.Popen': always, 'os.system': always, 'os.fork': always, 'os.exec': always, 'os.posix_spawn': always,
}
#: what it does not tell of: where it is, and what it is called
PATCHED: tuple[tuple[Any, str, Check], ...] = (
    (time, 'sleep', a_while), (select, 'select', selects), (threading.Thread, 'join', always),
    (os, 'read', reads), (os, 'readv', reads), (os, 'write', writes), (os, 'writev', writes),
    *((os, name, always) for name in ('fsync', 'fdatasync', 'sync', 'wait', 'wait3')), (os, 'waitpid', waits_for_child),
    *((socket.socket, name, receives) for name in ('recv', 'recv_into', 'recvfrom', 'recvfrom_into', 'recvmsg', 'accept')),
    *((socket.socket, name, sends) for name in ('send', 'sendall', 'sendto', 'sendmsg', 'sendfile')),
    (logging.StreamHandler, 'emit', logs),
)


def install(patches: ExitStack) -> None:
    """Put the trap in the way of all calls, until the patches are taken back; what the interpreter tells of is heard for good."""
    hear()
    for owner, name, check in PATCHED:
        patches.enter_context(mock.patch.object(owner, name, trapped(f'{owner.__name__}.{name}', check, getattr(owner, name))))


def trapped(name: str, check: Check, call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a call that is looked at before it is made."""
    @functools.wraps(call)
    def looked_at(*args: Any, **kwargs: Any) -> Any:
        Trap.look(name, check, args)
        return call(*args, **kwargs)
    return looked_at


@functools.cache
def hear() -> None:
    """Hear of audit events, from now on; there is no way back."""
    def heard(event: str, args: tuple[Any, ...]) -> None:
        check = AUDITED.get(event)
        if check is not None and Trap._on:
            Trap.look(event, check, args)
    sys.addaudithook(heard)


def main(report: str, module: str, *arguments: str) -> None:
    """Run a module as a program with a trap from its first turn in the event loop on, and write down what was caught.

    Args:
        report: The path of the report, which is there once the program has ended; empty: nothing was.
        module: Its name.
        arguments: Its command line.
    """
    sys.argv[1:] = arguments
    trap = Trap()
    with ExitStack() as on:
        gevent.get_hub().loop.run_callback(on.enter_context, trap)
        try:
            runpy.run_module(module, run_name='__main__', alter_sys=True)
        finally:
            Path(report).write_text('\n'.join(map(str, trap.calls)), encoding='utf-8')


if __name__ == '__main__':
    main(*sys.argv[1:])
