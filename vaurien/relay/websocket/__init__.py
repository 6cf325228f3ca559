"""Sessions of WebSocket: each message of either side is an exchange that nothing answers.

Here the relay knows a wire format. Frames pass as they came until something happens to a message. ``Talk`` and its two directions
know bytes alone; what carries these is a connection after its upgrade (``lane``), or a stream of HTTP/2 (``streams``).
"""
