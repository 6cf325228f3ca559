"""A network of its own at the end of a cable of two virtual devices (Linux, as root). Knows nothing of what runs in it."""
import contextlib
import ctypes
import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .processes import program

CLONE_NEWNET = 0x40000000   #: of setns(2)
HERE = '/proc/thread-self/ns/net'
#: networks for tests of devices (RFC 2544), of which each namespace takes four addresses
NETWORK, SIZE = '198.18', 1 << 14
_numbers = itertools.count(os.getpid() * 8)


def name_of(number: int) -> str:
    """Return the name of one of them."""
    return f'vaurien{number}'


class NoNamespaces(Exception):
    """There can be none here; the message says why, in one line."""


class Namespace:
    """One of them. What is opened or started in it stays in it.

    Attributes:
        near, far: The addresses of the two ends: ours, and the one in it.
    """

    def __init__(self) -> None:
        number = next(number % SIZE for number in _numbers if not Path('/run/netns', name_of(number % SIZE)).exists())
        self.name, self._device = name_of(number), f'vn{number}'
        block = f'{NETWORK}.{number >> 6}.'
        self.near, self.far = (f'{block}{(number & 63) * 4 + end}' for end in (1, 2))
        if os.geteuid() != 0:
            raise NoNamespaces('only root can make a network namespace')
        self._path = program('ip')
        self._ip('netns', 'add', self.name)
        try:
            self._ip('link', 'add', self._device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', self.name)
            self._ip('addr', 'add', f'{self.near}/30', 'dev', self._device)
            self._ip('-n', self.name, 'addr', 'add', f'{self.far}/30', 'dev', 'eth0')
            self._ip('-n', self.name, 'link', 'set', 'lo', 'up')
            self.mend()
        except BaseException:
            self.close()
            raise

    def _ip(self, *words: str) -> None:
        done = subprocess.run([self._path, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoNamespaces(f'ip {" ".join(words)}: {" ".join(done.stderr.split())}')

    def cut(self, far: bool = False) -> None:
        """Take one end of the cable down: ours, so that what is in it hears nothing more, or its own, which it can see."""
        self._ip(*(('-n', self.name, 'link', 'set', 'eth0') if far else ('link', 'set', self._device)), 'down')

    def mend(self) -> None:
        """Put both ends up."""
        self._ip('link', 'set', self._device, 'up')
        self._ip('-n', self.name, 'link', 'set', 'eth0', 'up')

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Let this thread be in it, and what it starts."""
        library = ctypes.CDLL(None, use_errno=True)
        with Path(HERE).open() as here, Path('/run/netns', self.name).open() as there:
            if library.setns(there.fileno(), CLONE_NEWNET):
                raise NoNamespaces(f'setns: {os.strerror(ctypes.get_errno())}')
            try:
                yield
            finally:
                library.setns(here.fileno(), CLONE_NEWNET)

    def close(self) -> None:
        """End it, and with it the cable."""
        with contextlib.suppress(NoNamespaces):
            self._ip('link', 'del', self._device)
        self._ip('netns', 'del', self.name)


@contextlib.contextmanager
def namespace() -> Iterator[Namespace]:
    """Make one for a block.

    Raises:
        NoNamespaces: There can be none.
        MissingServer: There is no ``ip``.
    """
    made = Namespace()
    try:
        yield made
    finally:
        made.close()
