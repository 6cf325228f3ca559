"""The lines of a journal, each a JSON object whose ``type`` says what it is. Knows no file and no fleet."""
from typing import Any

import msgspec

from ...relay.recording.records import Closed, Exchanged, Marked, Noticed, Opened, Unread
from ...spec import BehaviorSpec, FaultSpec
from ...words import schemas

#: of the form of the lines; another one means that a reader may not understand them. What is added leaves it as it is
VERSION = 1


class Header(msgspec.Struct, frozen=True, tag_field='type', tag='journal'):
    """The first line.

    Args:
        version: Of the form of the lines: 1.
        vaurien: The version of vaurien.
        time: When the journal was begun [s since 1970].
        seed: What all randomness of the run is made from.
        plan: The entries of the plan at that time.
    """

    version: int
    vaurien: str
    time: float
    seed: int
    plan: tuple[FaultSpec, ...] = ()


class Mixed(msgspec.Struct, frozen=True, omit_defaults=True, tag_field='type', tag='proxy'):
    """What a proxy is from here on: when it is made, and when its mix is changed.

    Args:
        time: When [s since 1970].
        proxy: The proxy's name.
        protocol: Its protocol.
        backend: Its backend.
        behavior: Its mix, as ``--behavior`` has it.
        mix: The behaviors of the mix, with all their settings.
    """

    time: float
    proxy: str
    protocol: str
    backend: str
    behavior: str
    mix: tuple[BehaviorSpec, ...] = ()


class Lost(msgspec.Struct, frozen=True, tag_field='type', tag='lost'):
    """Lines are missing here: the file could not be written, or not fast enough.

    Args:
        lines: How many.
    """

    lines: int


Line = Header | Mixed | Marked | Opened | Exchanged | Closed | Unread | Noticed | Lost
KINDS: tuple[type[Any], ...] = (Header, Mixed, Marked, Opened, Exchanged, Closed, Unread, Noticed, Lost)


def schema() -> dict[str, Any]:
    """Return the JSON schema of a line."""
    return schemas.lines(KINDS, 'A line of a journal of vaurien')
