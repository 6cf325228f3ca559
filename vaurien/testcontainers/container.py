"""The container: what its engine is told, and the proxies that tests ask it for. Knows the client's calls, and no wire format."""
import secrets
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from ..address import TOKEN_VARIABLE, join
from ..client import Client
from ..errors import ConfigError
from .proxy import ContainerProxy

CONTROL_PORT = 8474     #: inside the container; Toxiproxy's, so that its modules for other languages find it
PROXY_PORTS = range(8666, 8698)     #: inside the container, one for each proxy; as many as Toxiproxy's module has
EVERYWHERE = '0.0.0.0'      #: what is published by an engine has to listen on all addresses of the container
IMAGE = 'vaurien'


class VaurienContainer(DockerContainer):    # type: ignore[misc, unused-ignore]
    """A vaurien without proxies in a container, which ends with its block.

    ::

        with VaurienContainer('vaurien').with_network(network) as vaurien:
            cache = vaurien.get_proxy('redis', 6379, protocol='redis')
            client = redis.Redis(cache.host, cache.port)
            with cache.behavior('error', kind='readonly'):
                ...

    Args:
        image: The image, as ``packaging/Dockerfile`` builds it; its entry point is ``vaurien``.
        seed: What all randomness is made from; None: a new one each time.
        ports: The ports inside the container that proxies may have, one each.
        control_port: Where the control server listens inside the container.
        more: Whatever ``DockerContainer`` takes.

    Attributes:
        token: What each request to the control server carries; drawn anew for each container.
    """

    def __init__(self, image: str = IMAGE, seed: int | None = None, ports: Sequence[int] = PROXY_PORTS,
                 control_port: int = CONTROL_PORT, **more: Any) -> None:
        super().__init__(image, **more)
        self.token = secrets.token_urlsafe()
        self.control_port, self._free = control_port, list(ports)
        self._proxies: list[ContainerProxy] = []
        self.with_exposed_ports(control_port, *ports)
        self.with_env(TOKEN_VARIABLE, self.token)
        self.with_command(['--fleet-only', '--http', '--http-host', EVERYWHERE, '--http-port', str(control_port),
                           *([] if seed is None else ['--seed', str(seed)])])
        ready = HttpWaitStrategy(control_port, '/health').for_status_code(200)
        self.waiting_for(ready.with_header('Authorization', f'Bearer {self.token}'))

    @property
    def client(self) -> Client:
        """The control server inside the container, for whatever else it can do."""
        return Client(self.get_container_host_ip(), int(self.get_exposed_port(self.control_port)), self.token, tls=False)

    def get_proxy(self, host: str, port: int, protocol: str = 'tcp', name: str = '', unused_ok: bool = False,
                  **fields: Any) -> ContainerProxy:
        """Make a proxy in the container.

        Args:
            host: The backend as the container knows it, as the alias of another container in its network.
            port: The backend's port.
            protocol: What is spoken through the proxy.
            name: How it is called; empty: after its backend, ``redis-6379``.
            unused_ok: Whether no fault has to be applied that it is asked for.
            fields: Others of ``vaurien.spec.ProxySpec``, as ``mix`` and ``settings``.

        Raises:
            ConfigError: All ports of the container have their proxy.
            ValueError: vaurien refuses the proxy, in its words.
        """
        if not self._free:
            raise ConfigError('ports', join(host, port), 'no more proxies than the container was given ports for')
        inside = self._free[0]
        client = self.client
        made = client.create(name or f'{host}-{port}', proxy=join(EVERYWHERE, inside), backend=join(host, port),
                             protocol=protocol, **fields)
        self._free.remove(inside)
        self._proxies.append(ContainerProxy(client, made, client.seed(), self.get_container_host_ip(),
                                            int(self.get_exposed_port(inside)), unused_ok))
        return self._proxies[-1]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the container.

        Raises:
            UnusedFaultError: The block has ended well, and a fault that one of its proxies was asked for never was applied.
        """
        try:
            if error is None:
                for proxy in self._proxies:
                    proxy.check_used()
        finally:
            self.stop()
