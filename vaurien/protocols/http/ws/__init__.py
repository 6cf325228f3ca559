"""WebSocket (RFC 6455) with permessage-deflate (RFC 7692): what the relay has to know of its handshake and of its frames.

Bytes only; knows no stream.
"""
