"""Counts visits, and gives up where the server is silent."""
import os
from urllib.parse import urlsplit

import pymysql


def connect():
    url = urlsplit(os.environ['MYSQL_URL'])
    return pymysql.connect(host=url.hostname, port=url.port, user=url.username, password=url.password, database=url.path[1:],
                           autocommit=True, read_timeout=float(os.environ['PATIENCE']), connect_timeout=5)


def visits():
    connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute('SELECT count(*) FROM visits')
        return cursor.fetchone()[0]
