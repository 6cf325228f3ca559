"""The shapes of SMTP's commands: without addresses, names of hosts and sizes. Pure functions of text."""
import re
from typing import Final

from ..shapes import MASK, masked

PATH: Final = re.compile(r'<[^<>]+>')
#: a parameter whose value differs; what kind of body it is does not
PARAMETER: Final = re.compile(r'(?<= )(?!BODY=)([A-Z0-9-]+)=[^ ]+', re.IGNORECASE)
#: the commands whose argument is a name
NAMED: Final = frozenset({'EHLO', 'HELO', 'LHLO', 'VRFY', 'EXPN', 'NOOP', 'HELP'})
MAIL: Final = frozenset({'MAIL', 'RCPT', '.'})


def shape(name: str) -> str:
    """Return the shape of a command by its line; it is its own shape.

    >>> shape('MAIL FROM:<ann@example.org> SIZE=512')
    'MAIL FROM:<?> SIZE=?'
    >>> shape('mail from:<ann@example.org>')
    'MAIL FROM:<?>'
    """
    verb, space, rest = name.partition(' ')
    verb = verb.upper()
    if verb in NAMED:
        return f'{verb} {MASK}' if rest.strip() else verb
    if verb in MAIL:
        return (verb + space + _address(rest)).rstrip()
    return (masked(verb) + space + masked(rest)).rstrip()


def _address(text: str) -> str:
    """Mask an address and the values of the parameters after it. The empty address stays: it is that of a bounce."""
    word, colon, path = PATH.sub(f'<{MASK}>', text).partition(':')
    path = word.upper() + colon + path
    before, found, after = path.partition('>')
    return before + found + PARAMETER.sub(rf'\1={MASK}', after) if found else masked(path)
