"""What each command of SMTP does: only the end of a message sends a mail. Pure."""
from typing import Final

from ..effects.words import ADDS, END, LOGIN, READ, Effect, Effects

LOGINS: Final = ('hello', 'starttls', 'auth', 'auth-initial', 'credentials')
SENDING: Final = ('delivery', 'message', 'last-chunk')


def effect(name: str, stage: str) -> Effect:
    """Return what a command does."""
    if stage in SENDING:
        return ADDS
    if stage in LOGINS:
        return LOGIN
    return END if stage == 'quit' else READ


EFFECTS: Final = Effects(effect)
