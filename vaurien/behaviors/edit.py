"""One fault: the backend's response comes changed."""
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from ..words.pointers import MAX_CHARACTERS, check_value
from ..words.responses import FieldNames, Fields, Listed, Status
from .base import Bounded, Dummy, Option

EDITED = 'edited'   #: the kind of error that is what these options say
MAX_KEEP = 1024 * 1024      #: [bytes]
PLACES = f'places in JSON (RFC 6901) with values, JSON or else text: /items/0/price=-1, of at most {MAX_CHARACTERS} characters'
Values = Listed('POINTER=VALUE', PLACES, check_value)


class Edit(Dummy):
    """The client gets the backend's own response, changed: its status, its fields, values in its JSON, or less of its body.

    It is for http. The request reaches the backend. Where the body is changed, all of it is held first, and its length is told
    right; a chunked one gets a length. What cannot be changed so passes as it is: with ``json`` a body that is compressed, has no
    such place, or is larger than 1 MiB, in HTTP/2 than what the client takes at first, which are 64 KiB with most clients. With
    ``keep`` the rest of a body is dropped; with ``short`` its length is told as if it were not, and the connection ends early, or
    in HTTP/2 the stream. The body of a call of gRPC is left alone, and in HTTP/2 the trailers of a response whose body is changed
    are dropped.
    """

    name = 'edit'
    inline = True
    reports = True
    options = {
        'status': Option("The status that the response gets", Status, None),
        'header': Option("A field that takes the place of all of its name", Fields, None),
        'add': Option("A field that comes beside those of its name", Fields, None),
        'remove': Option("The name of a field that is dropped", FieldNames, None),
        'json': Option("A place in a body of JSON, and the value that comes there", Values, None),
        'keep': Option("How many bytes of the body come at most", Bounded(int, 0, MAX_KEEP), None),
        'short': Option("With keep: the length says what it would be without", bool, False),
    }

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        if self.option('short') and self.option('keep') is None:
            raise ConfigError('short', True, 'keep beside it')

    def suit(self, protocol: Any) -> None:
        if not protocol.kinds_named(EDITED):
            raise ConfigError('edit', protocol.name, 'http: it is the only protocol whose responses can be changed')

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        return bool(protocol.fail(source, dest, EDITED)) if to_backend else True
