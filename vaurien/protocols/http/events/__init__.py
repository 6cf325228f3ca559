"""Streams of events in responses: server-sent events and lines of JSON, and what can go wrong between two of them.

Bytes only; knows no connection and no loop.
"""
