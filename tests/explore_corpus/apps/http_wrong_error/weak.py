"""Asks who it is. A page with an error is read as JSON, and is called bad JSON."""
import http.client
import json
import os
from urllib.parse import urlsplit


def name():
    url = urlsplit(os.environ['HTTP_URL'])
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=float(os.environ['PATIENCE']))
    try:
        connection.request('GET', '/me')
        response = connection.getresponse()
        return json.loads(response.read())['name']
    finally:
        connection.close()
