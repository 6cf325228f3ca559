"""Sends alerts. One that is refused is logged, and nobody is told."""
import logging
import os
import smtplib
from urllib.parse import urlsplit

SENDER = 'monitor@example.com'
TEXT = 'Subject: Disk full\r\n\r\non db1\r\n'


def connect():
    url = urlsplit(os.environ['SMTP_URL'])
    return smtplib.SMTP(url.hostname, url.port, local_hostname='shop.example.com', timeout=float(os.environ['PATIENCE']))


def alert(who):
    try:
        with connect() as server:
            server.sendmail(SENDER, [who], TEXT)
    except (OSError, smtplib.SMTPException):
        logging.exception('alert to %s', who)
