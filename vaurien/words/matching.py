"""Regular expressions whose time is bounded, whatever text they are searched in. Knows no request.

Python's ``re`` goes back where it has chosen wrongly, and ``(a+)+$`` chooses 2**n times in n characters, while everything else
stands still. An expression that hardly ever chooses is left to it. All others are searched here in all ways at once, a character
at a time, so that only the length of the text counts. States are made as they are met, and remembered: a lazy DFA.
"""
import re
from collections.abc import Iterable, Iterator
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

MAX_PATTERN = 1000  #: [characters] of an expression; to compile one of a million takes seconds
MAX_NODES = 500  #: of an expression taken apart, where ``x{9}`` counts nine times; each may have to be looked at for a character
MAX_REMEMBERED = 100_000  #: nodes in the states that are remembered of an expression; some 5 MB
MAX_SEARCHED = 1000  #: [characters] of a text in which an expression is searched that repeats something and is left to ``re``
CHARACTERS = frozenset((_constants.LITERAL, _constants.NOT_LITERAL, _constants.IN, _constants.ANY))
REPEATS = frozenset((_constants.MAX_REPEAT, _constants.MIN_REPEAT))
TYPES = re.ASCII | re.LOCALE | re.UNICODE
#: whether nothing at all has a place that is no edge of a word; it has since Python 3.14
NOTHING_HAS_NO_EDGE = re.search(r'\B', '') is not None
END, LAST_NEWLINE = '', '\n$'  #: what comes after the last character, and a newline that is the last one


class TooManyNodesError(ValueError):
    """An expression is too large when it is taken apart."""


class NotLinearError(ValueError):
    """An expression looks around or back, which cannot be done one character after the other."""


class Searched:
    """An expression of which ``search`` says whether it is found."""

    def search(self, text: str) -> bool | None:
        """Return True, or None where it is not in the text."""
        raise NotImplementedError


Matcher = re.Pattern[str] | Searched


def compile_bounded(text: str) -> Matcher:
    """Compile an expression; upper and lower case are the same to it.

    Raises:
        ValueError: It is none, or its time has no bound.
    """
    if len(text) > MAX_PATTERN:
        raise ValueError(f'more than {MAX_PATTERN} characters')
    try:
        return compile_parsed(re.compile(text, re.IGNORECASE), _parser.parse(text, re.IGNORECASE))
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from None


def compile_parsed(found: 're.Pattern[str]', tree: Any) -> Matcher:
    """Make of an expression what searches it in a time that is bounded.

    Raises:
        ValueError: There is nothing.
    """
    repeats, branches = choices(tree)
    if not repeats and branches <= 1:
        return found
    try:
        return Automaton(tree)
    except (NotLinearError, TooManyNodesError):
        if repeats <= 1 and branches <= 1:
            return Beginning(found)
        raise


def choices(tree: Any, times: int = 1) -> tuple[int, int]:
    """Count where ``re`` may have to choose: repetitions of no fixed number, and alternatives; those within others count more."""
    repeats = branches = 0
    for op, value in tree:
        more = times
        if op in REPEATS or op is _constants.POSSESSIVE_REPEAT:
            low, high, _ = value
            repeats += times * (low != high)
            more = times * (2 if high > 1 else 1)
        branches += times * (op is _constants.BRANCH)
        for part in parts(op, value):
            inner = choices(part, more)
            repeats, branches = repeats + inner[0], branches + inner[1]
    return repeats, branches


def parts(op: Any, value: Any) -> Iterator[Any]:
    """Return what stands within a node of a tree."""
    for each in value if isinstance(value, tuple | list) else (value,):
        if isinstance(each, _parser.SubPattern):
            yield each
        elif op is _constants.BRANCH and isinstance(each, list):
            yield from each


class Beginning(Searched):
    """An expression that is left to ``re``, on the beginning of a text.

    Args:
        found: The expression.
    """

    def __init__(self, found: 're.Pattern[str]') -> None:
        self._found = found

    def search(self, text: str) -> bool | None:
        return self._found.search(text, 0, MAX_SEARCHED) is not None or None


class Automaton(Searched):
    """An expression taken apart into nodes: one that takes a character, holds at a place, or leads on to several others.

    Args:
        tree: As ``re`` has parsed it.

    Raises:
        NotLinearError, TooManyNodesError: It cannot be.
    """

    def __init__(self, tree: Any) -> None:
        self._nodes: list[tuple[Any, Any, tuple[int, ...]]] = []
        self._ended = self._add(None, None)
        self._begin = self._sequence(tree, tree.state.flags, self._ended)
        self._states: dict[Any, State] = {}
        self.remembered = 0
        self.found = State(self, frozenset(), None)     # leads nowhere else
        self._start = State(self, frozenset(), None)

    def search(self, text: str) -> bool | None:
        state = self._start
        last = text.endswith('\n')
        for character in text[:-1] if last else text:
            state = state[character]
        if last:
            state = state[LAST_NEWLINE]
        return state[END] is self.found or None

    # -- taking apart, from the end to the beginning

    def _add(self, op: Any, value: Any, *after: int) -> int:
        if len(self._nodes) >= MAX_NODES:
            raise TooManyNodesError(f'more than {MAX_NODES} nodes')
        self._nodes.append((op, value, after))
        return len(self._nodes) - 1

    def _sequence(self, tree: Any, flags: int, after: int) -> int:
        for op, value in reversed(list(tree)):
            after = self._node(op, value, flags, after)
        return after

    def _node(self, op: Any, value: Any, flags: int, after: int) -> int:
        if op in CHARACTERS:
            return self._add(op, single(op, value, flags), after)
        if op is _constants.AT:
            return self._add(op, (value, flags), after)
        if op is _constants.SUBPATTERN:
            _, more, less, inner = value
            kept = flags & ~TYPES if more & TYPES else flags    # of these one takes the place of the other
            return self._sequence(inner, (kept | more) & ~less, after)
        if op is _constants.BRANCH:
            return self._add(None, None, *(self._sequence(each, flags, after) for each in value[1]))
        if op in REPEATS:
            low, high, inner = value
            return self._repeat(low, high, inner, flags, after)
        raise NotLinearError('look-around or a back reference beside repetitions or alternatives')

    def _repeat(self, low: int, high: int, inner: Any, flags: int, after: int) -> int:
        begin = after
        if high is _constants.MAXREPEAT:
            begin = self._add(None, None, after)
            again = self._sequence(inner, flags, begin)
            self._nodes[begin] = (None, None, (after, again))
        else:
            for _ in range(high - low):
                begin = self._add(None, None, after, self._sequence(inner, flags, begin))
        for _ in range(low):
            begin = self._sequence(inner, flags, begin)
        return begin

    # -- one step

    def step(self, state: 'State', character: str) -> 'State':
        """Return the state after one more character."""
        reached: set[int] = set()
        left = [self._begin, *state.nodes]
        while left:
            node = left.pop()
            if node in reached:
                continue
            reached.add(node)
            op, value, after = self._nodes[node]
            if op is None or op is _constants.AT and holds(value[0], value[1], state.before, character):
                left.extend(after)
        if self._ended in reached:
            return self.found
        return self._state(frozenset(self._taken(reached, character)), character[:1])

    def _taken(self, reached: Iterable[int], character: str) -> Iterator[int]:
        for node in reached:
            op, value, after = self._nodes[node]
            if op in CHARACTERS and character and value.fullmatch(character[0]):
                yield from after

    def _state(self, nodes: frozenset[int], before: str) -> 'State':
        self.remembered += 1 + len(nodes)
        if self.remembered > MAX_REMEMBERED:
            self.remembered = 0
            self._states.clear()
            self._start.clear()
        key = nodes, kind(before)
        if key not in self._states:
            self._states[key] = State(self, nodes, before)
        return self._states[key]


class State(dict[str, 'State']):
    """Where a search may be after some characters, and, by the next one, where it may be then.

    Args:
        automaton: The expression.
        nodes: What may come next.
        before: The last character, or one of its kind; None: there was none.
    """

    def __init__(self, automaton: Automaton, nodes: frozenset[int], before: str | None) -> None:
        super().__init__()
        self._automaton, self.nodes, self.before = automaton, nodes, before

    def __missing__(self, character: str) -> 'State':
        if self is self._automaton.found:
            return self
        state = self[character] = self._automaton.step(self, character)
        return state


def single(op: Any, value: Any, flags: int) -> 're.Pattern[str]':
    """Compile what takes one character."""
    state = _parser.State()
    state.flags = flags
    found: re.Pattern[str] = _compiler.compile(_parser.SubPattern(state, [(op, value)]))
    return found


def kind(character: str) -> tuple[bool, bool, bool]:
    """Return what a place may depend on in the character before it."""
    return character == '\n', is_word(character, 0), is_word(character, re.ASCII)


def is_word(character: str | None, flags: int) -> bool:
    """Return whether a character is part of a word; None, and nothing, are not."""
    if not character or flags & re.ASCII and not character.isascii():
        return False
    return character.isalnum() or character == '_'


def holds(place: Any, flags: int, before: str | None, after: str) -> bool:
    """Return whether a place is between two characters.

    Args:
        place: Which, as ``re`` names it.
        flags: Those that it stands under.
        before: The character before it; None: it is the beginning.
        after: The character after it, ``LAST_NEWLINE`` or ``END``.
    """
    many = flags & re.MULTILINE
    if place is _constants.AT_BEGINNING_STRING or place is _constants.AT_BEGINNING:
        return before is None or bool(many) and place is _constants.AT_BEGINNING and before == '\n'
    if place is _constants.AT_END_STRING:
        return after == END
    if place is _constants.AT_END:
        return after in (END, LAST_NEWLINE) or bool(many) and after == '\n'
    if before is None and after == END:
        return place is _constants.AT_NON_BOUNDARY and NOTHING_HAS_NO_EDGE
    boundary = is_word(before, flags) != is_word(after[:1], flags)
    return boundary if place is _constants.AT_BOUNDARY else not boundary
