"""``python -m tests.corpus PROTOCOL/NAME PORT BACKEND``: records one conversation of a real client with a real server.

It listens on the port, relays the first connection to the backend (HOST:PORT) until both have ended, and writes what was said
to ``tests/corpus/PROTOCOL/NAME.json``. Look at what it has written: nothing secret, a few pages at most.
"""
import argparse
import select
import socket
from pathlib import Path

from . import Turn, save


def record(client: socket.socket, server: socket.socket) -> list[Turn]:
    """Relay until both have ended; return what was said."""
    turns: list[Turn] = []
    ends = {client: ('>', server), server: ('<', client)}
    while ends:
        for sock in select.select(list(ends), [], [])[0]:
            sender, other = ends[sock]
            data = sock.recv(65536)
            if not data:
                del ends[sock]
                other.shutdown(socket.SHUT_WR)
                continue
            if turns and turns[-1][0] == sender:
                turns[-1] = sender, turns[-1][1] + data
            else:
                turns.append((sender, data))
            other.sendall(data)
    return turns


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog='python -m tests.corpus', description=__doc__)
    parser.add_argument('name', help='PROTOCOL/NAME, as redis/refused-oom')
    parser.add_argument('port', type=int, help='where to listen, on 127.0.0.1')
    parser.add_argument('backend', help='HOST:PORT of the server')
    arguments = parser.parse_args()
    host, _, port = arguments.backend.rpartition(':')
    with socket.create_server(('127.0.0.1', arguments.port)) as listener, \
            listener.accept()[0] as client, socket.create_connection((host, int(port))) as server:
        turns = record(client, server)
    path = Path(__file__).parent / f'{arguments.name}.json'
    save(path, turns)
    print(f'{path}: {len(turns)} turns')


if __name__ == '__main__':
    main()
