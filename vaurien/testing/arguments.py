"""What the control server refuses, in the words of who called a method here: its arguments in place of the body's keys."""
import re
from collections.abc import Iterable

from ..client import RefusedError
from ..errors import nearest
from ..links import STREAMS

#: what a refusal begins with, and what it begins with in Python; each is tried on one refusal
Words = tuple[tuple[str, str], ...]

#: what is refused as a whole, not by its value
BODY = re.compile(r'the body: (.*)')
FIELD = re.compile(r'Object contains unknown field `(\w+)`')
CHOICE = re.compile(r"Invalid enum value '(.*?)'")
CHOICES = {'stream': STREAMS}
INNER = re.compile(r'(?:mix\[\d+\]|faults\[\d+\])\.')

BEHAVIOR: Words = ((r'mix\[\d+\]\.settings\.(\w+): ', r'\1='), (r'(kind|match): ', r'\1='))
MIX: Words = ((r'settings\.([^.:\s]+)\.(\w+): ', r"\1['\2']="), (r'(settings|mix)[^:\s]*: ', r'\1='))
TOXIC: Words = ((r'attributes\.(\w+): ', r'\1='),)
PROXY: Words = ((r'(settings)\.([^.:\s]+)\.(\w+): ', r"\1['\2']['\3']="), (r'(protocol_settings)\.(\w+): ', r"\1['\2']="),
                (r'(\w+): ', r'\1='))
FAULT: Words = ((r"faults\[\d+\] name: '(kind|behavior|toxic):", r"\1='"), (r"faults\[\d+\] option: '(\w+)'", r'\1='),
                (r'faults\[\d+\] (\w+): ', r'\1='))


def in_python(error: RefusedError, words: Words, known: Iterable[str] = ()) -> RefusedError:
    """Return a refusal in the words of the method that was called.

    Args:
        error: What the control server has said.
        words: What to say in place of its keys.
        known: The arguments that the method takes, for one that it does not.
    """
    return RefusedError(error.status, said(error.reason, words, error.errors[0].get('name', '') if error.errors else '', known),
                        error.errors)


def said(reason: str, words: Words, name: str = '', known: Iterable[str] = ()) -> str:
    """Return the words of a refusal with Python's names.

    Args:
        reason: The server's words.
        words: As ``in_python``.
        name: The key of the body that it is about; empty: the whole, or it is in the words.
        known: As ``in_python``.
    """
    body = BODY.match(reason)
    if body:
        field = FIELD.match(body[1])
        if field:
            near = nearest(field[1], known)
            return f'{field[1]}= is not known' + (f'; did you mean {near}=?' if near else '')
        choice = CHOICE.match(body[1])
        if choice and name in CHOICES:
            return f'{name}={choice[1]!r} is not valid, expected one of {", ".join(CHOICES[name])}'
        return f'{INNER.sub("", name)}= is not valid, {body[1][:1].lower()}{body[1][1:]}' if name else body[1]
    for pattern, replacement in words:
        found = re.sub('^' + pattern, replacement, reason)
        if found != reason:
            return found
    return reason
