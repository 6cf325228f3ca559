"""Damages a recorded conversation, for the fuzz tests of the framers. Knows no protocol."""
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.support.framing import Turn

LATEST = 12     #: [turns] of a conversation that are kept; what is damaged later is like what is damaged earlier
DEEPEST = 400   #: [bytes] into a turn up to which it is damaged


@st.composite
def damaged(draw: st.DrawFn, conversations: Sequence[list[Turn]], rubbish: Sequence[bytes]) -> list[Turn]:
    """Put rubbish into one turn of a conversation, in place of up to three bytes.

    Args:
        draw: Given by hypothesis.
        conversations: One of them is taken.
        rubbish: What means something to the protocol; random bytes are put in too.
    """
    turns = draw(st.sampled_from(conversations))[:LATEST]
    which = draw(st.integers(0, len(turns) - 1))
    sender, sent = turns[which]
    at = draw(st.integers(0, min(len(sent), DEEPEST)))
    piece = draw(st.one_of(st.binary(max_size=3), st.sampled_from(rubbish)))
    kept = at + draw(st.integers(0, 3))
    return [*turns[:which], (sender, sent[:at] + piece + sent[kept:]), *turns[which + 1:]]
