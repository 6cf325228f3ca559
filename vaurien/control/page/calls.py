"""Serves the files of the page. They are the same for everyone, and hold no secret; all that they show comes from ``/v1``."""
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.resources import files

import falcon

from ..surface import Refusal, Reply, Route, Surface

FOLDER = '/page/'   #: what the paths of the files begin with, for which a request needs no token
ROOT, INDEX = '/', f'{FOLDER}index.html'
TYPES = {'html': 'text/html; charset=utf-8', 'css': 'text/css; charset=utf-8', 'js': 'text/javascript; charset=utf-8',
         'svg': 'image/svg+xml'}
#: only what this server gives is fetched, run and shown, and no other page may show this one
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
          "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
HEADERS = {'Content-Security-Policy': POLICY, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer',
           'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Resource-Policy': 'same-origin',
           'Cache-Control': 'no-cache'}


class Door:
    """Falcon middleware: lets a browser that asks for the root have the page. To everything else there is nothing there."""

    def process_request(self, request: falcon.Request, response: falcon.Response) -> None:
        """Say what is asked for."""
        if request.path == ROOT and request.method in ('GET', 'HEAD') and 'text/html' in request.env.get('HTTP_ACCEPT', ''):
            request.path = INDEX


def make_surface(refuse: Callable[[falcon.Request, Exception], Reply]) -> Surface:
    """Make the surface.

    Args:
        refuse: Makes the reply for what is not there, in the words of the surface that answers for unknown paths.
    """
    return Surface((Route('GET', FOLDER + '{name}', file), Route('HEAD', FOLDER + '{name}', file)), refuse)


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
