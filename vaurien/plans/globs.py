"""Patterns in which only ``*`` is special: it stands for any characters. Upper and lower case are the same. Pure."""
from collections.abc import Callable, Iterable


class Glob:
    """One pattern.

    Names of requests have brackets, question marks and backslashes of their own, so none of them means anything here.

    Args:
        pattern: The pattern.
    """

    __slots__ = ('anything', 'literal', '_first', '_inner', '_last', '_least')

    def __init__(self, pattern: str) -> None:
        pieces = pattern.casefold().split('*')
        self.anything = pattern.strip('*') == '' != pattern     #: it matches every text
        #: what a text has to be, with ``casefold``; None: it has a star
        self.literal = pieces[0] if len(pieces) == 1 else None
        self._first, self._inner = pieces[0], [piece for piece in pieces[1:-1] if piece]
        self._last = pieces[-1]
        self._least = sum(map(len, pieces))

    def matches(self, text: str) -> bool:
        """Return whether the whole text is as the pattern says; the time it takes grows with the text alone."""
        if self.anything:
            return True
        text = text.casefold()
        if self.literal is not None:
            return text == self.literal
        if len(text) < self._least or not (text.startswith(self._first) and text.endswith(self._last)):
            return False
        at, end = len(self._first), len(text) - len(self._last)
        for piece in self._inner:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True


def any_of(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return what tells of a text whether one of these patterns matches it; made for asking of thousands of texts."""
    globs = [Glob(pattern) for pattern in dict.fromkeys(patterns)]
    literals = {glob.literal for glob in globs}
    others = [glob for glob in globs if glob.literal is None]
    if not others:
        return lambda text: text.casefold() in literals
    return lambda text: text.casefold() in literals or any(glob.matches(text) for glob in others)
