"""Headers of streams as they leave where options change them."""
import pytest

from vaurien.protocols.http.h2.edits import Edits
from vaurien.protocols.http.h2.heads import Asked
from vaurien.protocols.http.h2.hpack import Field

METHOD, PATH = (b':method', b'GET', False), (b':path', b'/', False)


def fields(*pairs: tuple[bytes, bytes]) -> list[Field]:
    return [METHOD, PATH, *[(*pair, True) for pair in pairs]]


@pytest.mark.parametrize('sent, left', [
    ([(b':authority', b'a:1')], [(b':authority', b'b:2')]), ([(b'host', b'a')], [(b'host', b'b:2')]),
    ([(b':authority', b'a'), (b'host', b'c')], [(b':authority', b'b:2'), (b'host', b'b:2')]),
    ([(b'x-host', b'a'), (b':authority', b'a')], [(b'x-host', b'a'), (b':authority', b'b:2')])])
def test_a_request_asks_the_backend_by_its_name_and_nothing_else_changes(
        sent: list[tuple[bytes, bytes]], left: list[tuple[bytes, bytes]]) -> None:
    assert Edits(b'b:2', True, False).request(Asked(1), fields(*sent)) == fields(*left)
    assert Edits(b'b:2', False, True).request(Asked(1), fields(*sent)) == fields(*sent)


def test_a_request_that_asks_nobody_asks_the_backend() -> None:
    assert Edits(b'b:2', True, False).request(Asked(1), fields()) == [(b':authority', b'b:2', False), *fields()]


def test_a_tunnel_leads_where_it_led() -> None:
    asked = [(b':method', b'CONNECT', False), (b':authority', b'c:443', False)]
    assert Edits(b'b:2', True, True).request(Asked(1), asked) == asked


@pytest.mark.parametrize('to, left', [
    (b'http://b/x?y', b'http://a:1/x?y'), (b'//B:80/', b'//a:1/'), (b'https://b/', b'https://a:1/'), (b'/x', b'/x'),
    (b'http://elsewhere/', b'http://elsewhere/'), (b'http://b:81/', b'http://b:81/')])
def test_a_redirect_to_the_backend_leads_to_what_was_asked(to: bytes, left: bytes) -> None:
    edits, asked = Edits(b'b:443' if to.startswith(b'https') else b'b:80', False, True), Asked(1)
    edits.request(asked, fields((b':authority', b'a:1')))
    found = [(b':status', b'302', False), (b'location', to, True), (b'x-location', to, False)]
    assert edits.response(asked, found) == [found[0], (b'location', left, True), found[2]]
    assert Edits(b'b:80', True, False).response(asked, found) == found
