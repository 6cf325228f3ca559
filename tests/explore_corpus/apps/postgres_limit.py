"""Connections to PostgreSQL that give up waiting: psycopg has no such limit. The applications of the corpus share it."""
import os
import socket
import threading

import psycopg


class Connection(psycopg.Connection):
    """Is cut where a response takes longer than PATIENCE."""

    def wait(self, *arguments, **named):
        timer = threading.Timer(float(os.environ['PATIENCE']), self._cut)
        timer.start()
        try:
            return super().wait(*arguments, **named)
        finally:
            timer.cancel()

    def _cut(self):
        with socket.socket(fileno=os.dup(self.fileno())) as sock:
            sock.shutdown(socket.SHUT_RDWR)


def connect(**named):
    return Connection.connect(os.environ['DATABASE_URL'], **named)
