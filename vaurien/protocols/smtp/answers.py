"""How replies read to those who record. Knows their codes, and no framer."""
from ..answers import OK, Answer


def read_reply(head: bytes) -> Answer:
    """Read a reply by its code: one of 4xx and 5xx is an error (RFC 5321 section 4.2.1)."""
    code = head[:3].decode('ascii', 'replace')
    return (code if code >= '4' else OK), code
