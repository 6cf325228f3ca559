"""Invites friends. It tries again for whom the server has refused for good."""
import os
import smtplib
import time
from urllib.parse import urlsplit

SENDER = 'invitations@example.com'
TEXT = 'Subject: Come\r\n\r\nand see\r\n'


def connect():
    url = urlsplit(os.environ['SMTP_URL'])
    return smtplib.SMTP(url.hostname, url.port, local_hostname='shop.example.com', timeout=float(os.environ['PATIENCE']))


def code_of(error):
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return min(code for code, _ in error.recipients.values())
    return getattr(error, 'smtp_code', 0)


def invite(friend):
    for attempt in range(3):
        try:
            with connect() as server:
                server.sendmail(SENDER, [friend], TEXT)
            return
        except smtplib.SMTPException as error:
            if attempt == 2 or code_of(error) == 0:
                raise
            time.sleep(0.02 * 2**attempt)
