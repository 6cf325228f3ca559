"""A text with addresses in it: where they are, what they mean, and the same text with others. Knows no form of such a text."""
import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from ...address import Address
from . import tls
from .pieces import Piece
from .tls import Wish

#: makes what is to stand in a place of a text, of the addresses of the proxies
Make = Callable[[Sequence[Address]], str]


class Edit(NamedTuple):
    """A place of a text that is to say something else.

    Args:
        start: Where it begins.
        end: Where it ends.
        make: Makes what is to stand there.
    """

    start: int
    end: int
    make: Make


class Trusted(NamedTuple):
    """A place of a text that names the file of the authorities which the program trusts.

    Args:
        start: Where it begins.
        end: Where it ends.
        write: Writes a path as it is to stand there.
    """

    start: int
    end: int
    write: Callable[[str], str]


class End(NamedTuple):
    """A server whose address was found.

    Args:
        address: Its address.
        protocol: What it speaks.
        wish: What it is asked for of TLS; None: nothing.
    """

    address: Address
    protocol: str
    wish: Wish | None = None


class Found(NamedTuple):
    """What was found in a text.

    Args:
        text: The text.
        ends: The servers, in their order.
        edits: What is to be written in the stead of their addresses.
        notes: What the user should be warned of.
        trusted: Where authorities are named.
    """

    text: str
    ends: tuple[End, ...]
    edits: tuple[Edit, ...]
    notes: tuple[str, ...] = ()
    trusted: tuple[Trusted, ...] = ()

    def at(self, addresses: Sequence[Address], authorities: str = '') -> str:
        """Return the text with other addresses: all else of it is the same, byte for byte.

        Args:
            addresses: One for each end; of the same kind, a path of a socket for a path.
            authorities: The file of the authorities that are to be trusted; empty: those that the text names.
        """
        text = self.text
        written = [(edit.start, edit.end, edit.make(addresses)) for edit in self.edits]
        written += [(place.start, place.end, place.write(authorities)) for place in self.trusted if authorities]
        for start, end, value in sorted(written, reverse=True):
            text = text[:start] + value + text[end:]
        return text

    def inside(self, wish: Wish | None, parameters: Mapping[str, Piece], write: Callable[[str], str]) -> 'Found':
        """Return the same with what the text says of TLS; a socket of this machine is spoken to without.

        Args:
            wish: What it asks for.
            parameters: Those of its query, or of a DSN.
            write: Writes a path as it is to stand there.

        Raises:
            UnreadableError: It insists on what cannot be.
        """
        if wish is None:
            return self
        names = wish.names if len(wish.names) == len(self.ends) else ('',) * len(self.ends)
        ends = tuple(end if end.address.unix else end._replace(wish=wish._replace(names=(name,) if name else ()))
                     for end, name in zip(self.ends, names, strict=True))
        unbound = tuple(Edit(piece.start, piece.end, text('disable')) for piece in tls.bound(parameters))
        trusted = tuple(Trusted(piece.start, piece.end, write) for piece in tls.trusted(parameters))
        return self._replace(ends=ends, edits=(*self.edits, *unbound), trusted=trusted)


def whole(at: int) -> Make:
    """Write host and port of an end."""
    return lambda addresses: str(addresses[at])


def host(at: int) -> Make:
    """Write the host of an end alone."""
    return lambda addresses: addresses[at].host


def folder(at: int) -> Make:
    """Write the folder of an end's socket."""
    return lambda addresses: os.path.dirname(addresses[at].host)


def joined(makes: Sequence[Make], between: str = ',') -> Make:
    """Write several one after the other."""
    return lambda addresses: between.join(make(addresses) for make in makes)


def shifted(make: Make, first: int) -> Make:
    """Write what stands for an address further on."""
    return lambda addresses: make(addresses[first:])


def port(at: int) -> Make:
    """Write the port of an end."""
    return lambda addresses: str(addresses[at].port)


def text(value: str) -> Make:
    """Write what is the same for any address."""
    return lambda addresses: value


def quoted(make: Make) -> Make:
    """Write something with percent signs, as within a URL."""
    return lambda addresses: quote(make(addresses), safe='')
