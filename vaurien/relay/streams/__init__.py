"""Sessions of HTTP/2: many exchanges at once on one connection, each a stream of its own.

Here the relay knows a wire format. Frames pass as they came, all that arrived together in one write, until something happens to
one of the streams.
"""
