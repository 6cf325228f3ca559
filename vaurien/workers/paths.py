"""Unix sockets that listen for all workers: each is open once, and every worker gets descriptors of it. Knows no proxy."""
import errno
import os
from collections.abc import Collection, Mapping

from ..address import Address
from ..net import sockets
from ..net.sockets import RawSocket, SocketAddress


class Paths:
    """Those of one process."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[RawSocket, os.stat_result | None]] = {}
        self._users: dict[str, RawSocket] = {}

    def open(self, place: SocketAddress, backlog: int) -> RawSocket:
        """Return another descriptor of the socket at a path, which listens from then on until ``keep`` leaves it out.

        Raises:
            OSError: It cannot be listened on, or the descriptor that was returned before is still open.
        """
        path = place[1]
        if path in self._users and self._users[path].fileno() >= 0:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        if path not in self._held:
            sock = sockets.listen(place, backlog)
            self._held[path] = sock, sockets.file_of(sockets.bound_address(sock))
        self._users[path] = user = self._held[path][0].dup()
        return user

    @property
    def descriptors(self) -> Mapping[str, int]:
        """A descriptor of each, by its path."""
        return {path: sock.fileno() for path, (sock, _) in self._held.items()}

    def keep(self, paths: Collection[str]) -> None:
        """Close all but these, and remove their files."""
        for path in self._held.keys() - paths:
            sock, file = self._held.pop(path)
            del self._users[path]
            sock.close()
            sockets.remove_file(Address(path, None), file)
