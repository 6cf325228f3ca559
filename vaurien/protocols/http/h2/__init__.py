"""HTTP/2 (RFC 9113): frames, header compression, and how a stream fails.

Bytes only; knows no connection and no loop.
"""
