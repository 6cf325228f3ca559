"""Sends mails. One that may have been sent is not sent again; one that was refused for now is."""
import os
import smtplib
import time
from urllib.parse import urlsplit

SENDER = 'shop@example.com'
TEXT = 'Subject: Your order\r\n\r\nis on its way\r\n'


def connect():
    url = urlsplit(os.environ['SMTP_URL'])
    return smtplib.SMTP(url.hostname, url.port, local_hostname='shop.example.com', timeout=float(os.environ['PATIENCE']))


def notify(customer):
    for attempt in range(3):
        try:
            with connect() as server:
                server.sendmail(SENDER, [customer], TEXT)
            return
        except smtplib.SMTPResponseException as error:
            if attempt == 2 or error.smtp_code >= 500:
                raise
            time.sleep(0.02 * 2**attempt)
