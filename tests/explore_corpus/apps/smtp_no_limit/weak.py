"""Sends news, and waits for ever for a server that is silent."""
import os
import smtplib
from urllib.parse import urlsplit

SENDER = 'news@example.com'
TEXT = 'Subject: News\r\n\r\nare good\r\n'


def connect():
    url = urlsplit(os.environ['SMTP_URL'])
    return smtplib.SMTP(url.hostname, url.port, local_hostname='shop.example.com')


def send(reader):
    with connect() as server:
        server.sendmail(SENDER, [reader], TEXT)
