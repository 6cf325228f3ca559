"""Sockets on the event loop: listening, connecting, reading and writing without waiting.

Knows no protocol.
"""
