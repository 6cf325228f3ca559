"""Serves the files of the page. They are the same for everyone, and hold no secret; all that they show comes from ``/v1``."""
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.resources import files

import falcon

from ..surface import Refusal, Reply, Route, Surface

#: the paths that a request needs no token for; what begins with the second one is a file
ROOT, FOLDER = PUBLIC = '/', '/page/'
INDEX = 'index.html'
TYPES = {'html': 'text/html; charset=utf-8', 'css': 'text/css; charset=utf-8', 'js': 'text/javascript; charset=utf-8',
         'svg': 'image/svg+xml'}
#: only what this server gives is fetched, run and shown, and no other page may show this one
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
          "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
HEADERS = {'Content-Security-Policy': POLICY, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer',
           'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Resource-Policy': 'same-origin',
           'Cache-Control': 'no-cache'}


def make_surface(refuse: Callable[[falcon.Request, Exception], Reply]) -> Surface:
    """Make the surface.

    Args:
        refuse: Makes the reply for what is not there, in the words of the surface that answers for unknown paths.
    """
    return Surface(tuple(Route(method, path, handle) for method in ('GET', 'HEAD')
                         for path, handle in ((ROOT, index), (FOLDER + '{name}', file))), refuse)


def index(request: falcon.Request) -> Reply:
    """Give the page to a browser; to everything else there is nothing here."""
    if 'text/html' not in request.env.get('HTTP_ACCEPT', ''):
        raise missing()
    return file(request, INDEX)


def file(request: falcon.Request, name: str) -> Reply:
    """Give a file of the page."""
    known = contents()
    if name not in known:
        raise missing()
    body, tag = known[name]
    headers = {**HEADERS, 'ETag': tag}
    if request.env.get('HTTP_IF_NONE_MATCH') == tag:
        return Reply(status=304, type='', headers=headers)
    return Reply(body, type=TYPES[name.rpartition('.')[2]], headers=headers)


def missing() -> Refusal:
    """Make the refusal of what is not there."""
    return Refusal(404, 'there is nothing at this path')


@cache
def contents() -> dict[str, tuple[bytes, str]]:
    """Return the bytes of each file, and its tag, by its name."""
    found = {}
    for entry in (files(__package__) / 'files').iterdir():
        if entry.name.rpartition('.')[2] in TYPES:
            body = entry.read_bytes()
            found[entry.name] = body, f'"{sha256(body).hexdigest()[:16]}"'
    return found
