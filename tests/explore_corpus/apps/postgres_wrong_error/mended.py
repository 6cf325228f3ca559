"""Asks for a number. Where the server fails it says so."""
import logging

import postgres_limit
import psycopg


def row(query, *parameters):
    try:
        with postgres_limit.connect(autocommit=True) as connection:
            return connection.execute(query, parameters).fetchone()
    except psycopg.Error:
        logging.exception('%s', query)
        raise


def height():
    return row('SELECT max(height) FROM towers')[0]
