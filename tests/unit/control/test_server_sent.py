"""Server-sent events as a browser reads them."""
from vaurien.control.server_sent import TYPE, event, events


def test_an_event_has_its_name_and_its_data_on_lines_of_their_own():
    assert event('stats', {'rows': []}) == b'event: stats\ndata: {"rows":[]}\n\n'
    assert event('fault', 'a\nb', 7) == b'id: 7\nevent: fault\ndata: "a\\nb"\n\n'


def test_what_streams_is_not_kept():
    reply = events([b'x'])
    assert (reply.type, reply.headers['Cache-Control'], list(reply.body)) == (TYPE, 'no-cache', [b'x'])
