"""One fault: the backend fails first, and then recovers."""
from .base import Calls, Option
from .error import Error


class Transient(Error):
    """The first exchanges get an error, then all pass: what a retry has to survive."""

    name = 'transient'
    inline = True
    options = {**Error.options, 'agitate': Option("How many exchanges get the error", Calls, 1)}

    def acts(self) -> bool:
        return super().acts() and self.calls <= self.option('warmup') + self.option('agitate')
