"""Withdraws money. What is withdrawn is a row with an id, which is there or not."""
import os
import time
from urllib.parse import urlsplit

import pymysql
from pymysql.constants import CR, ER

WORTH_ANOTHER_TRY = (CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT)


def connect():
    url = urlsplit(os.environ['MYSQL_URL'])
    return pymysql.connect(host=url.hostname, port=url.port, user=url.username, password=url.password, database=url.path[1:],
                           autocommit=True, read_timeout=float(os.environ['PATIENCE']), connect_timeout=5)


INSERT = 'INSERT IGNORE INTO withdrawals (id, account, cents) VALUES (%s, %s, %s)'


def withdraw(withdrawal, account, cents):
    for attempt in range(3):
        try:
            connection = connect()
            with connection, connection.cursor() as cursor:
                cursor.execute(INSERT, (withdrawal, account, cents))
            return
        except pymysql.err.OperationalError as error:
            if attempt == 2 or error.args[0] not in WORTH_ANOTHER_TRY:
                raise
            time.sleep(0.02 * 2**attempt)
