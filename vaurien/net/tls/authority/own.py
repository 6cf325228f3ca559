"""The authority of this process: the one that is kept for the user, unless one was made for this run alone."""
from functools import lru_cache

from ..files import state_of
from .issuing import Authority
from .kept import Kept, data_folder

_given: list[Authority] = []    # of this run, at most one


def own_authority() -> Authority:
    """Return the authority whose certificates proxies show that have none; it is the same one as long as its files are the same.

    Raises:
        AuthorityError: There is none that can be used; the message is one line.
    """
    if _given:
        return _given[0]
    kept = Kept(data_folder())
    kept.ensure()
    return _opened(kept, state_of(str(kept.certificate)), state_of(str(kept.key)))


@lru_cache(1)
def _opened(kept: Kept, *_: tuple[int, ...]) -> Authority:
    return kept.open()


def use_authority(authority: Authority | None) -> None:
    """Let all proxies of this process show certificates of an authority; None: of the one that is kept."""
    _given[:] = [authority] if authority is not None else []
