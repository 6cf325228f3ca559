"""What a file of kinds may say, as data. The descriptions are the reference's. Knows no protocol and no file."""
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ....words import schemas
from ..written import MAX_BODY_BYTES

Category = Literal['A', 'B', 'C', 'D', 'E', 'F']
Scope = Literal['request', 'server']
CallStatus = Literal[
    'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED',
    'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE',
    'DATA_LOSS', 'UNAUTHENTICATED']
#: how a stream of events ends; as ``events.plan.ENDS``
End = Literal['clean', 'cut', 'reset', 'stall', 'on']
Fields = Annotated[list[str], Meta(description=(
    'Header fields, each a text such as ``Retry-After: 1``, in their order; a name as often as is wanted. What only the '
    'writer can know (``Content-Length``, ``Connection`` and the like) is not for them to say; ``Server: vaurien`` and ``Date`` '
    'are added where they are missing'))]
Source = Annotated[str, Meta(description='Where it comes from: the address of a page, or how it was seen')]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a table of the file has in common with the others: nothing, and no key that is not known."""


class Kind(Part, frozen=True, kw_only=True):
    """One kind of failure: a response in place of the server's (``status``), the end of a call of gRPC (``call``), or what
    happens in the middle of a stream of events that the server sends (``end``)."""

    description: Annotated[str, Meta(min_length=1, description=(
        'When the server fails like this, and what its client observes, in a sentence'))]
    category: Annotated[Category, Meta(description='What the client can tell apart: a class of :doc:`/explanation/failures`')]
    scope: Annotated[Scope, Meta(description=(
        "Whose state it is: ``server``: while it lasts every request fails; ``request``: this one request's"))] = 'request'
    source: Source = ''
    status: Annotated[int, Meta(ge=200, le=599, description='The status of the response')] | UnsetType = UNSET
    fields: Fields = []
    json: Annotated[str, Meta(description=(
        'The body, which has to be JSON; it goes as it is written, and ``Content-Type: application/json`` with it where '
        'the fields say no other'))] | UnsetType = UNSET
    body: Annotated[str, Meta(description=(
        f'The body, whatever it is; in UTF-8 at most {MAX_BODY_BYTES} bytes. With neither there is none'))] | UnsetType = UNSET
    call: Annotated[CallStatus, Meta(description=(
        'The status of gRPC that the call ends with, before any message; ``fields`` go with it'))] | UnsetType = UNSET
    message: Annotated[str, Meta(description='What is said with that status')] = ''
    end: Annotated[End, Meta(description=(
        "How a stream ends after what is said: ``clean``: properly, as if that were all; ``cut``: the connection closes in the "
        "middle of the response; ``reset``: it is reset; ``stall``: nothing more comes; ``on``: it does not end, and the "
        "server's own events go on"))] | UnsetType = UNSET
    after: Annotated[int, Meta(ge=0, description=(
        'How many events of the server pass first; else as many as the option ``stream_after`` says'))] | UnsetType = UNSET
    says: Annotated[list[str], Meta(description=(
        'What is said then, a text for each event: its lines as server-sent events have them, ``event: error`` and '
        '``data: {...}``, or the data alone; in a stream of lines of JSON the data is the line'))] = []


class Table(Part, frozen=True, kw_only=True):
    """The file: its kinds, by their names, and what they have in common."""

    title: Annotated[str, Meta(description='Whose words these are')] = ''
    source: Source = ''
    fields: Fields = []
    kinds: Annotated[dict[str, Kind], Meta(description=(
        'By their names, which are letters, digits, ``-``, ``_`` and ``.``: ``[kinds.NAME]``'))] = {}


def schema() -> dict[str, Any]:
    """Return the JSON schema of a file."""
    return schemas.document(Table, 'Kinds of failure of vaurien')
