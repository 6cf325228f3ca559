"""Asks for a rate, and waits for ever for a server that is silent."""
import os

import requests


def rate(currency):
    response = requests.get(f'{os.environ["HTTP_URL"]}/rates', params={'of': currency})
    response.raise_for_status()
    return response.json()['rate']
