"""A protocol that is handed every readable event: one request, then the answer until the backend closes."""
from vaurien.protocols import Protocol
from vaurien.protocols.base import BaseProtocol


@Protocol.register
class OneResponse(BaseProtocol):
    """One request for each connection; the answer ends when the backend closes."""

    name = 'one-response'
    options = {'reuse_socket': ("If True, the socket is reused.", bool, False),
               'buffer': ("Buffer size", int, 8124),
               'keep_alive': ("Keep the connection alive", bool, False)}

    def _handle(self, source, dest, to_backend):
        data = self._get_data(source)
        if data:
            dest.sendall(data)
            if not self.option('keep_alive'):
                data = b''
                while True:
                    data = self._get_data(dest)
                    if data == b'':
                        break
                    source.sendall(data)

                if not self.option('reuse_socket'):
                    dest.close()
                    dest._closed = True
                return False
        return data != b''
