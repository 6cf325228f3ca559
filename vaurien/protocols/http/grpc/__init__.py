"""gRPC over HTTP/2: how calls fail, and the protocol object of one.

Bytes only; knows no connection and no loop.
"""
