"""What a request does to the state of a server, and whether doing it twice is doing it once. Pure."""
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Effect(NamedTuple):
    """What one request does.

    Args:
        writes: Whether it may change what the server has.
        twice: Whether doing it twice is doing it once; None: that is not known. Of one that writes nothing it is True.
        part: What it is in its conversation beside work. ``login``: it opens or sets up the connection; ``end``: it ends it;
            ``queued``: it is done by a later one, and only then; ``inside``: it is done, and undone where the transaction does
            not come to its end; ``cleaning``: set-up and tear-down of tests do it. Empty: work.
        takes: It takes away or moves what is there, so that nothing is lost where it is not done: that stays.
    """

    writes: bool
    twice: bool | None
    part: str = ''
    takes: bool = False


READ = Effect(False, True)          #: changes nothing
KEEPS = Effect(True, True)          #: the same after the second time
ADDS = Effect(True, False)          #: another state after the second time
TAKES = Effect(True, False, '', True)   #: the second time takes more away
TAKES_IT = Effect(True, True, '', True)     #: the second time there is nothing to take any more
UNKNOWN = Effect(True, None)        #: nobody knows
LOGIN = Effect(False, True, 'login')
END = Effect(False, True, 'end')
QUEUED = Effect(False, True, 'queued')
CLEANING = Effect(True, True, 'cleaning')

# what a request is for the transaction of its connection
BEGIN, COMMIT, ROLLBACK, IMPLICIT, EXPLICIT = 'begin', 'commit', 'rollback', 'implicit', 'explicit'


def nothing(name: str, stage: str) -> str:
    """Return what a request is for a transaction where a protocol has none."""
    return ''


class Effects(NamedTuple):
    """What is known of a protocol's requests.

    Args:
        of: Called with a request's name and its stage; returns what it does by itself.
        had: Called with how it was answered, as a journal says it - ``answer`` and ``code`` -: whether it had an effect.
        refuses: Called with the name and both words of the answer: whether it may be refused because it was done before.
        turn: Called with a name and a stage: whether a transaction begins there, ends (``commit``, ``rollback``), or whether
            from there on each request begins one that is not in one (``implicit``), or not (``explicit``). Empty: none of these.
    """

    of: Callable[[str, str], Effect] = lambda name, stage: UNKNOWN
    had: Callable[[str, str], bool] = lambda answer, code: answer in ('ok', 'none')
    refuses: Callable[[str, str, str], bool] = lambda name, answer, code: False
    turn: Callable[[str, str], str] = nothing

    def ends(self, name: str, stage: str) -> bool:
        """Return whether a request asks for nothing but the end of the conversation: QUIT, COM_QUIT, Terminate.

        Where the connection ends before its answer nothing is lost. A request of HTTP with ``Connection: close`` is none: it asks
        for something, and its answer can be lost.
        """
        return self.of(name, stage).part == END.part


NOTHING_KNOWN = Effects()


def worst(effects: Iterable[Effect]) -> Effect:
    """Return what several requests do that are done at once: all that one of them does."""
    found = [effect for effect in effects if effect.writes]
    if not found:
        return READ
    if all(effect.takes for effect in found):
        return TAKES if any(effect.twice is False for effect in found) else TAKES_IT
    if any(effect.twice is False for effect in found):
        return ADDS
    return UNKNOWN if any(effect.twice is None for effect in found) else KEEPS
