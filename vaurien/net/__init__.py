"""Sockets on the event loop, with TLS where it is asked for: listening, connecting, reading and writing without waiting.

Knows no protocol that is relayed; its HTTP server is for vaurien itself.
"""
