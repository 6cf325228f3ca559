"""What those that tell of tests have in common: the connection to vaurien, and what an exception is made of.

It works where vaurien is not installed: the folder comes by PYTHONPATH. Standard library only.
"""
import gc
import json
import os
import socket
import threading
from typing import Any

PATH = os.environ.get('VAURIEN_EXPLORE', '')
WORKER = os.environ.get('PYTEST_XDIST_WORKER', '')
MAX_TYPES = 40      #: of a chain of exceptions
MAX_TEXT = 2000     #: [characters] of a failure


class Told:
    """The connection to vaurien; what is said on it has been taken in when ``say`` returns.

    Args:
        path: The socket that vaurien listens at; empty: nobody does, and nothing is said.
    """

    def __init__(self, path: str) -> None:
        self._lock, self._pid = threading.Lock(), os.getpid()
        self._file: Any = None
        if path:
            self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                self._sock.connect(path)
            except OSError:
                self._sock.close()      # else a program that makes errors of warnings would fail
                raise
            self._file = self._sock.makefile('rb')

    def say(self, **message: Any) -> dict[str, Any]:
        """Say something, and return what is answered; a process that a test has made by fork says nothing."""
        if self._file is None or os.getpid() != self._pid:
            return {}
        with self._lock:
            try:
                self._sock.sendall(json.dumps(message).encode() + b'\n')
                line = self._file.readline()
            except OSError:
                return {}
        return dict(json.loads(line)) if line else {}


def connect() -> Told:
    """Find vaurien, and take over the addresses that it has for this process."""
    try:
        told = Told(PATH)
    except OSError:     # it has ended
        return Told('')
    os.environ.update(told.say(do='hello', worker=WORKER).get('environ', {}))
    return told


def end(told: Told, **message: Any) -> None:
    """Say that a test is over, once the connections are gone that nothing can reach any more."""
    if told.say(do='ending').get('open'):
        gc.collect()
    told.say(do='end', **message)


class Now:
    """The test that is on.

    Attributes:
        test: Its name; empty: none is.
        outcome, errors, text: How it has ended so far.
        threads: What ended threads meanwhile, as ``errors`` has it: a test that fails for want of them does not hide it.
        sharing: What fixtures ask for that several tests share belongs to none: not while one is torn down, which is the same.
    """

    test = outcome = text = ''
    errors: list[list[str]] = []
    threads: list[list[str]] = []
    sharing = False

    def of_thread(self, hook: Any, ended: Any) -> None:
        """Note what has ended a thread, and let the hook that there was do what it does."""
        if ended.exc_value is not None:
            self.threads = [*self.threads, *chain(ended.exc_value)]
        hook(ended)


def chain(error: BaseException) -> list[list[str]]:
    """Return the types of an exception and of what it comes from, each with its bases, the outermost first."""
    found: list[list[str]] = []
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting and len(found) < MAX_TYPES:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        found.append([f'{cls.__module__}.{cls.__qualname__}' for cls in type(one).__mro__ if cls not in (object, BaseException)])
        waiting += [one.__cause__, one.__context__, *getattr(one, 'exceptions', ())]
    return found


def chosen() -> set[str] | None:
    """Return the tests that this run is about; None: all."""
    path = os.environ.get('VAURIEN_EXPLORE_TESTS', '')
    if not path:
        return None
    with open(path, encoding='utf-8') as file:
        return set(json.load(file))
