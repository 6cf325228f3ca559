"""A network of its own for a process and what it starts (Linux): a loopback device with the addresses that are wanted, no more.

A socket stays in the network that it was opened in, so what is opened here can be used by a process of the other one. Knows no
message.
"""
import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

#: of unshare(2)
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
#: of netdevice(7)
SIOCSIFADDR, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x8914, 0x1
LOOPBACK = b'lo'
BACKLOG = 8192  #: [connections] that the kernel holds before they are accepted; each proxy says it again

#: family, host and port
Place = tuple[int, str, int]


def enter(places: Sequence[Place]) -> list[socket.socket]:
    """Go into a new network, for good, and listen there.

    Args:
        places: Where; port 0 picks one. A host is numeric; of IPv6 there is ``::1`` alone.

    Raises:
        OSError: That is not allowed, or not possible on this system.
    """
    unshare()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack('16sh14x', LOOPBACK, IFF_UP))
        for number, (family, host, _) in enumerate(places):
            if not ip_address(host).is_loopback:
                fcntl.ioctl(control, SIOCSIFADDR, struct.pack(
                    '16sHH4s8x', b'%s:%d' % (LOOPBACK, number), family, 0, socket.inet_pton(family, host)))
    return [listen(place) for place in places]


def unshare() -> None:
    """Leave the network; a user who is not root becomes the same one in a user namespace, who may."""
    user, group = os.geteuid(), os.getegid()
    flags = CLONE_NEWNET if user == 0 else CLONE_NEWNET | CLONE_NEWUSER
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, 'unshare'):
        raise OSError('only Linux has networks for single processes')
    if library.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if user != 0:
        for name, text in (('setgroups', 'deny'), ('uid_map', f'{user} {user} 1'), ('gid_map', f'{group} {group} 1')):
            Path('/proc/self', name).write_text(text)


def listen(place: Place) -> socket.socket:
    """Open a listening socket."""
    family, host, port = place
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((host, port))
    made.listen(BACKLOG)
    return made
