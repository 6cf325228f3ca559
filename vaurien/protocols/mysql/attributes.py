"""Query attributes (MySQL 8.0.23), which stand between COM_QUERY and the text if both sides have agreed on them.

Source: MySQL 8.0, "COM_QUERY". Knows no framer.
"""
from .packets import number

#: [bytes] of a value, by the type of its parameter; a value of any other type begins with its length
SIZES = {0x01: 1, 0x02: 2, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 0, 0x08: 8, 0x09: 4, 0x0D: 2}


def after_attributes(payload: bytes) -> int:
    """Return where the text of a COM_QUERY begins.

    Raises:
        IndexError: The payload ends before it.
    """
    count, at = number(payload, 1)
    _, at = number(payload, at)     # the number of sets of parameters, always one
    if not count:
        return at
    nulls = at
    at += (count + 7) // 8 + 1      # a bitmap of NULLs, and a flag that types follow, always set
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
