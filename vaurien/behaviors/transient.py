"""One fault: the backend fails first, and then recovers."""
from .base import Calls, Option
from .error import OF_QUOTA, Error


class Transient(Error):
    """The first exchanges get an error, then all pass: what a retry has to survive. The same as ``error`` with ``first``."""

    name = 'transient'
    inline = True
    options = {**{name: option for name, option in Error.options.items() if name not in ('first', *OF_QUOTA)},
               'agitate': Option("How many exchanges get the error", Calls, 1)}
    limit = 'agitate'
    always = False
