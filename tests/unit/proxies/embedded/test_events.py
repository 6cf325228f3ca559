"""The streams of events and of lines of the embedded backend."""
import http.client
import json

import pytest


def lines(connection: http.client.HTTPConnection, path: str) -> tuple[http.client.HTTPResponse, list[bytes]]:
    connection.request('GET', path)
    response = connection.getresponse()
    return response, response.read().split(b'\n')


def test_events_come_as_many_as_the_path_says(connection):
    response, found = lines(connection, '/events/2')
    assert response.getheader('Content-Type') == 'text/event-stream; charset=utf-8'
    assert response.getheader('Transfer-Encoding') == 'chunked'
    assert found == [b'data: {"number": 1}', b'', b'data: {"number": 2}', b'', b'']


def test_lines_come_as_many_as_the_path_says(connection):
    response, found = lines(connection, '/lines/3')
    assert response.getheader('Content-Type') == 'application/x-ndjson'
    assert [json.loads(line) for line in found[:-1]] == [{'number': 1}, {'number': 2}, {'number': 3}]


def test_none_is_a_stream_that_ends_at_once_and_the_connection_goes_on(connection):
    assert lines(connection, '/events/0')[1] == [b'']
    assert lines(connection, '/lines/1')[1] == [b'{"number": 1}', b'']


@pytest.mark.parametrize('path, message', [
    ('/events/-1', '/events/N'), ('/events/10001', '10000'), ('/lines/x', '/lines/N')])
def test_what_is_no_number_is_refused(connection, path, message):
    response, found = lines(connection, path)
    assert response.status == 400
    assert message in found[0].decode()
