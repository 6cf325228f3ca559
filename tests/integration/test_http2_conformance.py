"""RFC 9113 and RFC 7541, rule by rule: what vaurien lets out of what one side sends, untouched and after a fault.

Where nothing has happened all bytes are the same, the wrong ones too: saying so is for the peer. After a fault what comes out
says the same, or, where it cannot be told any more what it says, the session is reset.
"""
import contextlib
import socket
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.support.http2_cases import backend, client
from tests.support.http2_cases.words import (
    END_HEADERS,
    END_STREAM,
    PING,
    RESET,
    RST_STREAM,
    SAME,
    SETTINGS,
    Case,
    Own,
    Reader,
    fields,
    frame,
    headers,
    literal,
    long,
)
from tests.support.peers import connect, listener
from tests.support.processes import HOST
from tests.support.proxied import between, entry
from tests.support.unit_of_time import PATIENCE

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
BEGUN, DONE = frame(PING, 0, 0, b'is begun'), frame(PING, 0, 0, b'all sent')
FAULTS = {b'/refused': 'refused-stream', b'/lost': 'lost-reply', b'/passed': ''}


def asks(path: bytes, stream: int, more: bytes = b'', flags: int = END_HEADERS | END_STREAM) -> bytes:
    lines = (b':method', b'GET'), (b':path', path), (b':scheme', b'http'), (b':authority', b'a')
    return headers(stream, fields(*lines) + more, flags)


class Sides(NamedTuple):
    """Both sides of one session, in one thread."""

    client: socket.socket
    backend: socket.socket


@pytest.fixture(scope='module')
def open_sides(daemon):
    """Give what opens a session, by what happens to its first request."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(listener(HOST))
        address = '{}:{}'.format(*listening.getsockname())
        ports = {path: stack.enter_context(between(daemon, f'rules-{path[1:].decode()}', address, 'http', [
            entry('error', 100, kind=kind, match=path.decode())] if kind else ())).port for path, kind in FAULTS.items()}

        @contextlib.contextmanager
        def opened(path: bytes, flags: int = END_HEADERS | END_STREAM) -> Iterator[Sides]:
            with connect(ports[path]) as asking:
                asking.sendall(PREFACE + frame(SETTINGS) + asks(path, 1, flags=flags))
                listening.settimeout(PATIENCE)
                answering, _ = listening.accept()
                with answering:
                    answering.settimeout(PATIENCE)
                    answering.sendall(frame(SETTINGS))
                    yield Sides(asking, answering)
        yield opened


def until(sock: socket.socket, end: bytes) -> bytes | None:
    """Read until the bytes end like this, and return those before it; None: the connection is gone."""
    data = b''
    while not data.endswith(end):
        try:
            more = sock.recv(65536)
        except ConnectionResetError:
            return None
        if not more:
            return None
        data += more
    return data.removesuffix(end)


def check(case: Case, known: bytes, got: bytes | None, before: bytes) -> None:
    """Hold what came out after a fault against what went in.

    Args:
        case: The case.
        known: What the sender has sent before it.
        got: What came; None: the connection was reset.
        before: What its receiver has got before.
    """
    if case.edited == RESET:
        assert got is None
        return
    assert got is not None
    sender, receiver = Reader(), Reader()
    receiver.read(before)
    if case.edited == SAME:
        sender.read(known)
        assert receiver.read(got) == sender.read(case.sent)
    else:
        assert receiver.read(got) == sender.read(case.edited)


def names(cases: tuple[Case | Own, ...]) -> list[str]:
    assert len({case.section for case in cases}) == len(cases)
    return [case.section for case in cases]


@pytest.mark.parametrize('path', [b'/passed', b'/refused'], ids=['untouched', 'after a fault'])
@pytest.mark.parametrize('case', client.CASES, ids=names(client.CASES))
def test_what_a_client_sends(open_sides, case, path):
    asked = asks(b'/open', 3, literal(b'x-known', b'1', 0x40), END_HEADERS)
    with open_sides(path) as sides:
        sides.client.sendall(asked + BEGUN)
        before = until(sides.backend, BEGUN)
        sides.client.sendall(case.sent + DONE)
        got = until(sides.backend, DONE)
        if path == b'/passed':
            assert before == PREFACE + frame(SETTINGS) + asks(path, 1) + asked
            assert got == case.sent
        else:
            before = before.removeprefix(PREFACE)
            assert len(Reader().read(before)) == 2
            check(case, asked, got, before)


@pytest.mark.parametrize('path', [b'/passed', b'/lost'], ids=['untouched', 'after a fault'])
@pytest.mark.parametrize('case', backend.CASES, ids=names(backend.CASES))
def test_what_a_backend_sends(open_sides, case, path):
    with open_sides(path) as sides:
        sides.client.sendall(asks(b'/a', 3) + asks(b'/b', 5, flags=END_HEADERS) + BEGUN)
        until(sides.backend, BEGUN)
        sides.backend.sendall(backend.answer(stream=1, flags=backend.ALL) + BEGUN)
        before = until(sides.client, BEGUN)
        sides.backend.sendall(case.sent + DONE)
        got = until(sides.client, DONE)
        if path == b'/passed':
            assert before == frame(SETTINGS) + backend.answer(stream=1, flags=backend.ALL)
            assert got == case.sent
        else:
            assert [kind for kind, *_ in Reader().read(before)] == [SETTINGS, 3]
            check(case, b'', got, before)


@pytest.mark.parametrize('case', client.OWN, ids=names(client.OWN))
def test_what_comes_of_a_stream_that_the_backend_has_never_seen(open_sides, case):
    with open_sides(b'/refused', END_HEADERS) as sides:
        sides.client.sendall(BEGUN)
        assert until(sides.backend, BEGUN) == PREFACE + frame(SETTINGS)
        sides.backend.sendall(BEGUN)
        assert until(sides.client, BEGUN) == frame(SETTINGS) + frame(RST_STREAM, 0, 1, long(7))
        sides.client.sendall(case.sent + DONE)
        assert until(sides.backend, DONE) == case.backend
        sides.backend.sendall(DONE)
        assert until(sides.client, DONE) == case.client
