"""Kinds of failure that are written down as data: the words of the APIs that people call, and those of a user's own servers.

Bytes only; knows no connection and no loop.
"""
