"""What the plans of several protocols have in common: messages, units of them, and words that no other request has."""
from random import Random
from typing import Any

Message = list[Any]
Unit = list[Message]


class Words:
    """Makes words for one session.

    Args:
        random: Where all chance comes from.
        session: A name that no other session has; what is said in it is marked by it.
    """

    def __init__(self, random: Random, session: str) -> None:
        self.random, self.session = random, session
        self._tokens = 0
        self._values: list[str] = []    # those that were inserted

    def token(self) -> str:
        """Return a word that no other request has."""
        self._tokens += 1
        return f'{self.session}n{self._tokens}'

    def _value(self) -> str:
        """Return one that was inserted before, perhaps."""
        return self.random.choice(self._values) if self._values else self.token()
