"""Messages of HTTP/1.1 that the tests of its protocol are made of, and how more of them are made."""

GET = b'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
CONTINUE = b'HTTP/1.1 100 Continue\r\n\r\n'
EARLY = b'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'
UPGRADE = b'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
SWITCHED = b'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
CONNECT = b'CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n'
CHUNKED = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
NO_LENGTH = b'HTTP/1.1 200 OK\r\nServer: x\r\n\r\n'
HEAD = b'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n'


def request(method: str, *fields: str, body: bytes = b'', version: str = '1.1') -> bytes:
    return '\r\n'.join((f'{method} / HTTP/{version}', 'Host: a', *fields, '', '')).encode('latin-1') + body


def answer(status: int, *fields: str, body: bytes = b'', version: str = '1.1') -> bytes:
    return '\r\n'.join((f'HTTP/{version} {status} Said', *fields, '', '')).encode('latin-1') + body


POST = request('POST', 'Content-Length: 3', body=b'abc')
UPLOAD = request('PUT', 'Transfer-Encoding: chunked', body=b'3\r\nabc\r\n1F ; note="a b"\r\n' + b'\r\n' * 15 + b'\n'
                 + b'\r\n000\r\nDigest: x\r\nOther: \r\n\r\n')
