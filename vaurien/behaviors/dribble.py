"""One fault: the response comes piece by piece."""
from typing import Any

from gevent import sleep

from ..errors import ConfigError
from .base import Bounded, Dummy, Option

EDITED = 'edited'   #: the kind of error that only a protocol has whose responses can be taken apart


class Dribble(Dummy):
    """The body of the response comes in pieces, one after the other.

    It is for http. The response is held until it is whole; then its headers come, and each piece after its share of the time: a
    client that limits the time of each read alone never gives up. A response of more than 1 MiB passes as it is, in HTTP/2 one of
    more than the client takes at first (64 KiB with most clients), and so does a call of gRPC.
    """

    name = 'dribble'
    inline = False
    options = {
        'pieces': Option("In how many pieces", Bounded(int, 1, 10_000), 10),
        'seconds': Option("Over how many seconds", Bounded(float, 0, 86_400), 5.0),
    }

    def suit(self, protocol: Any) -> None:
        if not protocol.kinds_named(EDITED):
            raise ConfigError('dribble', protocol.name, 'http: it is the only protocol whose responses can be taken apart')

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        protocol.dribble(to_backend, self.option('pieces'), self.option('seconds'))
        return True

    def on_after_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        if not to_backend:
            headers, *pieces = protocol.collected(self.option('pieces'))
            dest.sendall(headers)
            for piece in pieces:
                sleep(self.option('seconds') / len(pieces))
                if dest.closed:
                    return False
                dest.sendall(piece)
        return True
