"""Asks for a rate, and gives up where the server is silent."""
import os

import requests


def rate(currency):
    response = requests.get(f'{os.environ["HTTP_URL"]}/rates', params={'of': currency}, timeout=float(os.environ['PATIENCE']))
    response.raise_for_status()
    return response.json()['rate']
