"""Requests as bytes, for those that no HTTP client would send. Knows no server."""


def fields(given: dict[str, str]) -> bytes:
    """Write header fields."""
    return b''.join(b'%b: %b\r\n' % (name.encode(), value.encode('latin-1')) for name, value in given.items())


def head(port: int, line: str, **given: str) -> bytes:
    """Write the head of a request; the fields' names with ``_`` for ``-``."""
    named = {name.replace('_', '-'): value for name, value in given.items()}
    return line.encode() + b' HTTP/1.1\r\n' + fields({'Host': f'localhost:{port}', **named}) + b'\r\n'
