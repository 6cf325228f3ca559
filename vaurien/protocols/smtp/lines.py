"""Lines, which both directions of SMTP are made of. Knows no command and no reply."""
from ...errors import ProtocolError

CRLF = b'\r\n'
#: [bytes] of one line at most. RFC 4954 section 4 asks for 12,288 in an AUTH exchange; Exim takes 16,384
MAX_LINE_BYTES = 16 * 1024


def line_end(data: bytes, start: int) -> int:
    """Return where the line at ``start`` ends; 0: that has not come.

    Raises:
        ProtocolError: It is longer than ``MAX_LINE_BYTES``.
    """
    end = data.find(b'\n', start, start + MAX_LINE_BYTES) + 1
    if not end and len(data) - start >= MAX_LINE_BYTES:
        raise ProtocolError(f'a line longer than {MAX_LINE_BYTES} bytes')
    return end
