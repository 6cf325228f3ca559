"""What each method of HTTP does, by what RFC 9110 says of it: safe, idempotent, or neither. Pure."""
from typing import Final

from ..effects.words import ADDS, KEEPS, READ, UNKNOWN, Effect, Effects
from .headers import KEYED_BODY, KEYED_STREAM, RECEIVED

METHODS: Final[dict[str, Effect]] = {
    **dict.fromkeys(('GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY', 'CONNECT'), READ),
    **dict.fromkeys(('PUT', 'DELETE'), KEEPS), **dict.fromkeys(('POST', 'PATCH'), ADDS),
}
#: what a second one is answered with: a conflict, a condition that does not hold any more, nothing left to delete
CONFLICTS: Final = ('409', '412')
GONE: Final = ('404', '410')


def effect(name: str, stage: str) -> Effect:
    """Return what a request does. With an Idempotency-Key it is done once however often it comes with that key.

    Nobody knows what a message of WebSocket does that a client sends; one that it receives changes nothing at the server.
    """
    if stage == RECEIVED:
        return READ
    keyed = stage in (KEYED_BODY, KEYED_STREAM)
    found = METHODS.get(name.partition(' ')[0].upper(), ADDS if keyed else UNKNOWN)
    return found._replace(twice=True) if keyed else found


def refused_by_itself(name: str, answer: str, code: str) -> bool:
    """Return whether a request may be refused because the one before it was not."""
    return answer in CONFLICTS or name.startswith('DELETE ') and answer in GONE


EFFECTS: Final = Effects(effect, refuses=refused_by_itself)
