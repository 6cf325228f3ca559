"""The backend inside the process, ``--backend embedded``: pages, streams and APIs to try every fault with, and nothing installed.

Knows no proxy; a proxy knows it by its address.
"""
