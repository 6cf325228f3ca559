"""An audit trail. It is written beside the work, and what cannot be written is missing."""
import os
import threading
from urllib.parse import urlsplit

import pymysql


def connect():
    url = urlsplit(os.environ['MYSQL_URL'])
    return pymysql.connect(host=url.hostname, port=url.port, user=url.username, password=url.password, database=url.path[1:],
                           autocommit=True, read_timeout=float(os.environ['PATIENCE']), connect_timeout=5)


def record(what):
    def write():
        connection = connect()
        with connection, connection.cursor() as cursor:
            cursor.execute('INSERT INTO audit (what) VALUES (%s)', (what,))

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()


def log_in(user):
    record(f'{user} logged in')
    return True
