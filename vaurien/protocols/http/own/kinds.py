"""The kinds of failure that are what a behavior was told: a response of one's own, and one that is changed. Knows no framer."""
from collections.abc import Mapping
from typing import Any, Final

from ....words.responses import Field
from ...base import Exchange
from ...message import Failure, FailureKind
from ..failures import ANYWHERE
from ..h2.failures import NOTHING, Fault, builder
from ..h2.failures import RESPONSE as WHOLE
from ..h2.heads import Asked
from ..headers import KEYED_STREAM, STREAM
from ..written import Written
from .editor import Editor
from .edits import Edit, edit_of
from .respond import kind, respond
from .settings import written_of
from .stream_editor import StreamEditor

RESPONSE: Final = 'response'    #: what a response of one's own is called
EDITED: Final = 'edited'        #: what a response of the backend is called that is changed on its way


def told(protocol: Any, exchange: Exchange) -> Written:
    """Return the response that the behavior of an exchange was told."""
    return written_of(exchange.drawn.settings)


def change(protocol: Any, exchange: Exchange, edit: Edit) -> Failure:
    """Return what lets the request reach the backend, and its response come changed."""
    note = exchange.note
    if not isinstance(note, Asked):
        return Failure(request=None, end='close' if protocol.single else '', half=Editor(edit, protocol, exchange))
    body = edit.of_body and exchange.stage in (STREAM, KEYED_STREAM)
    note.status = edit.status or note.status
    fault = Fault(drops=WHOLE if body else NOTHING, edit=StreamEditor(edit, note.window))
    return builder(lambda asked: fault)(protocol, exchange)


def edited(protocol: Any, exchange: Exchange) -> Failure:
    """Change a response as the behavior of its exchange was told."""
    return change(protocol, exchange, edit_of(exchange.drawn.settings))


ERRORS: Final[Mapping[str, FailureKind]] = {
    RESPONSE: kind(
        "A response of one's own: the options status, header, body, body_file and retry_after of the behavior say what it is; "
        "without them it is a 503 with a page. The connection stays open.", told, (), 'A'),
    EDITED: FailureKind(
        "The backend's own response, changed on its way as the options of the behavior edit say; without them nothing is.",
        ANYWHERE, edited, category='C', only_named=True),
}


def dribbled(protocol: Any, exchange: Exchange, pieces: int, seconds: float) -> Failure:
    """Let the response of a stream come in pieces."""
    editor = StreamEditor(Edit(), exchange.note.window, pieces, seconds)
    return builder(lambda asked: Fault(drops=WHOLE, edit=editor))(protocol, exchange)


class Own:
    """What protocol objects of HTTP can be told to say beside their kinds: responses of one's own, and more fields."""

    session: Any

    def respond(self: Any, settings: Mapping[str, Any], *more: Field) -> bool:
        """Answer the request under way in the backend's place; return what ``on_before_handle`` has to return.

        Args:
            settings: As for ``written_of``.
            more: Fields that the response has as well.
        """
        exchange = self.exchange(True)
        self.replace(exchange, respond(self, exchange, written_of(settings, *more)))
        self.session.injected(exchange, RESPONSE)
        return False

    def tell(self: Any, *fields: Field) -> bool:
        """Let the backend's response to the request under way have these fields, in place of its own ones of these names; return
        what ``on_before_handle`` has to return. It is not recorded as a fault."""
        exchange = self.exchange(True)
        failure = change(self, exchange, Edit(put=fields))
        if not isinstance(exchange.note, Asked):
            self.replace(exchange, failure)
        return True
