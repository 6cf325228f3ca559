"""A vaurien that runs already, for tests: new proxies in it, and those of others. Knows its client, and no process."""
from typing import Any

from ..client import Client
from ..client.quiet import is_refusal
from .daemon import create
from .proxy import RESTORED, RunningProxy

__tracebackhide__ = is_refusal


class Shared:
    """The vaurien that the environment names: ``VAURIEN_CONTROL`` and ``VAURIEN_HTTP_TOKEN``. It has what ``Daemon`` has, and
    goes on when the tests have ended.

    Raises:
        VaurienError: The variable is no URL, or no vaurien answers there.

    Attributes:
        seed: The seed that it was started with.
        client: Its control server.
    """

    def __init__(self) -> None:
        self.client = Client()
        self.seed = self.client.seed()

    def create(self, **fields: Any) -> RunningProxy:
        """Make a proxy, as ``Daemon.create`` does."""
        return create(self.client, self.seed, **fields)

    def repeat(self) -> str:
        """Say how the same faults come again."""
        return f'repeat with --seed {self.seed} given to the vaurien at {self.client.channel.url}'

    def log(self, since: int = 0) -> str:
        """Return nothing: it logs elsewhere."""
        return ''

    logged, closed = 0, False

    def close(self) -> None:
        """Let it go on."""


class ExistingProxy(RunningProxy):
    """A proxy that others have made; what the test changes comes back, and the test is asked only for what it has asked for.

    Args:
        client: The control server that it is steered by.
        name: Its name there.

    Raises:
        ValueError: There is no such proxy.
    """

    def __init__(self, client: Client, name: str) -> None:
        super().__init__(client, client.show(name), client.seed())
        self._asked.clear()     # of what it was made with

    def end(self) -> None:
        """Be as it was found; what was not changed is not touched, so that what others have counted goes on."""
        self.forget_plan()
        now = self.client.show(self.name)
        changed = {field: self._made[field] for field in RESTORED if now[field] != self._made[field]}
        if changed:
            self.client.change(self.name, **changed)
