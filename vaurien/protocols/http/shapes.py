"""The shapes of HTTP requests: the path without what differs, and the names of the query. Pure functions of text."""
import re
from functools import lru_cache
from typing import Final

from ..shapes import MASK, masked

#: where the query begins: at the first ``?`` that is no segment of a path that has been masked
QUERY: Final = re.compile(r'(?<!/)\?|(?<=/)\?(?![/?.]|\Z)')
#: a segment that is the same however it looks: ``v1``, ``v2.1``, ``oauth2``
FIXED: Final = re.compile(r'v[0-9]+(?:\.[0-9]+)*|[A-Za-z]+[0-9]')
#: what a file's name ends with
EXTENSION: Final = re.compile(r'\.[A-Za-z]{1,5}\Z')
#: a segment, or a value of the query, that is a number
ALONE: Final = re.compile(r'(?<=[/=])[0-9]++(?![^/?&;])')
#: what a call of gRPC is named by: its service and its method, which are words of a program
CALLED: Final = re.compile(r'(?:https?://[^/\s]+)?/[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*/[A-Za-z_]\w*', re.ASCII)
MAX_REMEMBERED: Final = 1024    #: names that are remembered with their shapes, all these numbers being 0, ...
MAX_KNOWN: Final = 1024         #: ... of at most so many characters


def shape(name: str) -> str:
    """Return the shape of a request by its method and its target; it is its own shape. So is the name of a call of gRPC.

    >>> shape('GET /v1/users/42/photo.png?size=10&page=2')
    'GET /v1/users/?/photo.png?size=?&page=?'
    """
    return _known(ALONE.sub('0', name)) if len(name) <= MAX_KNOWN else _whole_shape(name)


def _whole_shape(name: str) -> str:
    method, space, target = name.partition(' ')
    if CALLED.fullmatch(name):
        return name
    start = target.find('/', target.find('://') + 3) if '://' in target else 0
    if not target.startswith('/', start) or start < 0:
        return masked(name)
    query = QUERY.search(target, start)
    path = '/'.join(map(_segment, target[start:query.start() if query else len(target)].split('/')))
    return masked(method) + space + masked(target[:start]) + path + (f'?{_query(target[query.end():])}' if query else '')


_known = lru_cache(MAX_REMEMBERED)(_whole_shape)


def _segment(text: str) -> str:
    """Return a segment of a path, masked if anything in it differs; what follows ``;`` is left out."""
    text = text.partition(';')[0]
    if text == masked(text) and '%' not in text and MASK not in text or FIXED.fullmatch(text):
        return text
    extension = EXTENSION.search(text)
    return MASK + (extension[0] if extension else '')


def _query(text: str) -> str:
    """Return a query with its values masked; the same name several times in a row counts once."""
    found: list[str] = []
    for part in text.split('&'):
        name, equals, value = part.partition('=')
        written = masked(name) + equals + (MASK if value else '')
        if not found or found[-1] != written:
            found.append(written)
    return '&'.join(found)
