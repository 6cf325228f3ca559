"""Counts visits, and waits for ever for a server that is silent."""
import os
from urllib.parse import urlsplit

import pymysql


def connect():
    url = urlsplit(os.environ['MYSQL_URL'])
    return pymysql.connect(host=url.hostname, port=url.port, user=url.username, password=url.password, database=url.path[1:],
                           autocommit=True)


def visits():
    connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute('SELECT count(*) FROM visits')
        return cursor.fetchone()[0]
