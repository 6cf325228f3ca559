"""JSON as Go's ``encoding/json`` writes it. Knows no route and no proxy."""
import json
import math
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

FLOAT32_LIMIT = 3.4028235677973366e38     #: [exclusive] rounds to infinity


def float32(number: float) -> float:
    """Return what 32 bits keep of a number."""
    return float(struct.unpack('f', struct.pack('f', number))[0])


class Float32(float):
    """A number that is written as one of 32 bits."""


def write(value: Any, breathe: Callable[[], None] = lambda: None) -> str:
    """Write a value: no white space, and what HTML would take for its own as escapes; ``breathe`` is called now and then."""
    breathe()
    if isinstance(value, dict):
        return '{' + ','.join(f'{write(key)}:{write(item, breathe)}' for key, item in value.items()) + '}'
    if isinstance(value, list | tuple):
        return '[' + ','.join(write(item, breathe) for item in value) + ']'
    if isinstance(value, float):
        return write_float(value)
    text = json.dumps(value, ensure_ascii=False)
    for char in '<>&\u2028\u2029':
        text = text.replace(char, f'\\u{ord(char):04x}')
    return text


def write_float(number: float) -> str:
    """Write a number with the fewest digits that mean it."""
    small = isinstance(number, Float32)
    number = float32(number) if small and abs(number) < FLOAT32_LIMIT else float(number)
    if number == 0:
        return '-0' if math.copysign(1, number) < 0 else '0'
    shortest = next(text for digits in range(1, 18) if float_of(text := f'{number:.{digits - 1}e}', small) == number)
    mantissa, _, exponent = shortest.partition('e')
    if not 1e-6 <= abs(number) < 1e21:
        sign = '-' if exponent[0] == '-' else '+'
        digits = exponent[1:].lstrip('0')
        return f'{mantissa}e{sign}{digits if sign == "-" or len(digits) > 1 else digits.rjust(2, "0")}'
    places = max(0, len(mantissa.partition('.')[2]) - int(exponent))
    exact = Decimal(shortest) if small else float(shortest)     # as 64 bits it would show digits that 32 do not have
    return f'{exact:.{places}f}'


def float_of(text: str, small: bool) -> float:
    number = float(text)
    return float32(number) if small and abs(number) < FLOAT32_LIMIT else number
