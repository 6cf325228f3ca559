"""Makes a response of what a behavior was told of it: a status, fields, a body. Knows no exchange."""
from collections.abc import Mapping
from json import loads
from typing import Any, Final

from ....words.responses import content_of, field_of
from ..written import BODILESS, RETRY_AFTER, Field, Written, with_page

STATUS: Final = 503     #: where none is said
#: of a body that is text and no JSON; of one that is not even text
TEXT, JSON, BYTES = 'text/plain; charset=utf-8', 'application/json', 'application/octet-stream'


def written_of(settings: Mapping[str, Any], *more: Field) -> Written:
    """Return the response that settings say.

    Args:
        settings: ``status``, ``header``, ``body``, ``body_file`` and ``retry_after``; those that are missing, or None,
            say nothing.
        more: Fields that it has as well.
    """
    status = settings.get('status') or STATUS
    given = tuple(map(field_of, settings.get('header') or ()))
    names = {name.lower() for name, _ in given}
    fields = tuple(field for field in (*of_waiting(settings), *more) if field[0].lower() not in names)
    body = b'' if status in BODILESS else body_of(settings)
    if body is None:
        page = with_page(status, *fields)
        return page._replace(fields=(*(field for field in page.fields if field[0].lower() not in names), *given))
    kind = () if 'content-type' in names or not body else (('Content-Type', type_of(body)),)
    return Written(status, (*fields, *kind, *given), body)


def of_waiting(settings: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the field that says when to come again, where that was said."""
    after = settings.get('retry_after')
    return () if after is None else ((RETRY_AFTER[0], after),)


def body_of(settings: Mapping[str, Any]) -> bytes | None:
    """Return the body that settings say; None: they say none."""
    body, file = settings.get('body'), settings.get('body_file')
    return content_of(file) if file is not None else None if body is None else body.encode()


def type_of(body: bytes) -> str:
    """Return of what type a body is, where nothing says so."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return BYTES
    if text.lstrip()[:1] not in ('{', '['):
        return TEXT
    try:
        loads(text)
    except (ValueError, RecursionError):
        return TEXT
    return JSON
