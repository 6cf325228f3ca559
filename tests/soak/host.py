"""The vaurien that is soaked, in a process of its own: a fleet and its control server, and what the process holds.

``python -m tests.soak.host SEED`` prints the control server's port, and a line of JSON for each line that it reads.
"""
import json
import logging
import sys

import gevent

from tests.support.hosting import state
from vaurien.control.app import ControlServer
from vaurien.proxies.fleet import Fleet


class Errors(logging.Handler):
    """Counts what is logged as an error, and keeps the first ones."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count, self.first = 0, []

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        if self.count <= 3:
            self.first.append(self.format(record))


def main(seed: str) -> None:
    errors = Errors()
    logging.getLogger().addHandler(errors)
    fleet = Fleet(int(seed))
    server = ControlServer(fleet, '127.0.0.1', 0)
    server.start()
    print(server.address.rpartition(':')[2], flush=True)
    while gevent.get_hub().threadpool.apply(sys.stdin.readline):
        sessions = sum(len(proxy.sessions) + len(proxy.arrivals) for proxy in fleet.proxies.values())
        print(json.dumps({**state(), 'sessions': sessions, 'errors': errors.count, 'first': errors.first}), flush=True)
    server.stop()
    fleet.close()


if __name__ == '__main__':
    main(sys.argv[1])
