"""A proxy inside a container, for tests: what ``RunningProxy`` is, at the address that the engine has given it outside.

Knows no engine.
"""
from collections.abc import Mapping
from typing import Any

from ..address import join
from ..client import Client
from ..testing import RunningProxy


class ContainerProxy(RunningProxy):
    """A proxy inside a container.

    Args:
        client: The control server inside it.
        made: What that said when the proxy was made.
        seed: What its randomness is made from.
        host, port: Where tests reach the proxy.
        unused_ok: Whether no fault has to be applied that it is asked for.

    Attributes:
        host, port, address: Where tests reach it.
        inside: Where it listens in the container; other containers of the network reach it by the container's alias and this
            port.
    """

    def __init__(self, client: Client, made: Mapping[str, Any], seed: int, host: str, port: int, unused_ok: bool = False) -> None:
        super().__init__(client, made, seed, unused_ok)
        self.inside, self.host, self.port = self.address, host, port
        self.address = join(host, port)
