"""Responses that vaurien is told to give: one builder for HTTP/1 and HTTP/2, and kinds of failure made of data.

Bytes only; knows no connection and no loop.
"""
