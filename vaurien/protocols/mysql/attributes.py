"""Query attributes (MySQL 8.0.23): what stands between COM_QUERY and the text where both sides have agreed on it.

Source: MySQL 8.0, "COM_QUERY". Knows no framer.
"""
from .packets import number

#: [bytes] of a value by the type of its parameter; what is missing has its length in front of it
SIZES = {0x01: 1, 0x02: 2, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 0, 0x08: 8, 0x09: 4, 0x0D: 2}


def after_attributes(payload: bytes) -> int:
    """Return where the text of a COM_QUERY begins.

    Raises:
        IndexError: The payload ends before it.
    """
    count, at = number(payload, 1)
    _, at = number(payload, at)     # sets of parameters, always one
    if not count:
        return at
    nulls = at
    at += (count + 7) // 8 + 1      # which are NULL, and that types follow, always
    types = []
    for _ in range(count):
        types.append(payload[at])
        size, at = number(payload, at + 2)
        at += size
    for index, kind in enumerate(types):
        if payload[nulls + index // 8] >> index % 8 & 1:
            continue
        size = SIZES.get(kind, -1)
        if size < 0:
            size, at = number(payload, at)
        at += size
    if at > len(payload):
        raise IndexError
    return at
