"""An audit trail. What cannot be written ends the work."""
import os
from urllib.parse import urlsplit

import pymysql


def connect():
    url = urlsplit(os.environ['MYSQL_URL'])
    return pymysql.connect(host=url.hostname, port=url.port, user=url.username, password=url.password, database=url.path[1:],
                           autocommit=True, read_timeout=float(os.environ['PATIENCE']), connect_timeout=5)


def record(what):
    connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute('INSERT INTO audit (what) VALUES (%s)', (what,))


def log_in(user):
    record(f'{user} logged in')
    return True
