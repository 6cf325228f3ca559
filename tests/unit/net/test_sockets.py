"""Whether a place can be listened at is found out without listening there: no client is accepted and then lost."""
import socket

import pytest

from vaurien.address import parse_address
from vaurien.net import sockets


@pytest.fixture(params=['tcp', 'unix'])
def address(request, tmp_path):
    if request.param == 'unix':
        return parse_address(f'unix:{tmp_path}/path')
    with socket.create_server(('127.0.0.1', 0)) as found:
        return parse_address('{}:{}'.format(*found.getsockname()))


def test_nothing_listens_where_it_is_tried(address, monkeypatch):
    class Deaf(socket.socket):
        def listen(self, *backlog):
            raise AssertionError('a client that comes now is lost')
    with monkeypatch.context() as patch:
        patch.setattr(sockets.socket, 'socket', Deaf)
        sockets.try_to_listen(sockets.place_of(address))
    sockets.listen(sockets.place_of(address), 1).close()


def test_a_place_that_is_taken_is_found_out(address):
    place = sockets.place_of(address)
    with sockets.listen(place, 1), pytest.raises(OSError, match='Address already in use'):
        sockets.try_to_listen(place)
