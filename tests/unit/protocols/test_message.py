"""What a framer knows of the message under way: its exchange and whether it is open, as the cutter keeps them."""
from collections.abc import Iterator
from typing import Any

from vaurien.errors import ProtocolError
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Cutter, Framer, Part


class Words(Framer[Any]):
    """Finds words that a space ends; a word may come in pieces. Notes what it knows of itself after each part."""

    def __init__(self, protocol: Any = None) -> None:
        super().__init__(protocol)
        self.known: list[tuple[str, bool]] = []

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        while start < len(data):
            end = data.find(b' ', start) + 1 or len(data)
            exchange = self.exchange if self.open else Exchange(data[start:end].strip())
            if data[start:end] == b'! ':
                raise ProtocolError('no word')
            yield end, exchange, data[end - 1:end] == b' '
            self.known.append((self.exchange.name if self.exchange else '', self.open))
            start = end

    def end(self) -> bool:
        return True


class Change(Framer[Any]):
    """Leaves the stream to another framer at its first byte."""

    cutter: Cutter

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        return self.cutter.follow(Words()).scan(data, start)


def state(cutter: Cutter) -> tuple[str, bool]:
    exchange = cutter.framer.exchange
    return exchange.name if exchange else '', cutter.framer.open


def test_a_part_is_handled_with_the_exchange_of_the_part_before_and_its_own_open() -> None:
    cutter = Cutter(Words())
    seen = [(exchange and exchange.name, *state(cutter))
            for data in (b'one two', b' three') for _, exchange, _ in cutter.cut(data)]
    assert seen == [('one', '', False), ('two', '', True), ('two', 'two', False), ('three', '', True)]


def test_scan_goes_on_with_the_exchange_of_its_own_part() -> None:
    framer = Words()
    cutter = Cutter(framer)
    for data in (b'one tw', b'o three', b' '):
        list(cutter.cut(data))
    assert framer.known == [('', False), ('tw', True), ('', False), ('three', True), ('', False)]


def test_a_complete_message_leaves_no_exchange_and_an_open_one_keeps_it() -> None:
    cutter = Cutter(Words())
    list(cutter.cut(b'one '))
    assert state(cutter) == ('', False)
    list(cutter.cut(b'two'))
    assert state(cutter) == ('two', True)


def test_bytes_of_rest_belong_to_the_exchange_under_way() -> None:
    cutter = Cutter(Words())
    list(cutter.cut(b'two'))
    cutter.framer.rest = 5
    assert [(end, exchange and exchange.name, done) for end, exchange, done in cutter.cut(b'abc')] == [(3, 'two', False)]
    assert cutter.framer.rest == 2
    assert state(cutter) == ('two', True)


def test_framer_that_takes_the_place_of_another_one_knows_its_exchange() -> None:
    change = Change(None)
    cutter = change.cutter = Cutter(change)
    list(cutter.cut(b'one two'))
    assert isinstance(cutter.framer, Words)
    assert state(cutter) == ('two', True)
    assert (change.exchange, change.open) == (None, False)


def test_end_of_the_stream_completes_the_message_under_way_once() -> None:
    cutter = Cutter(Words())
    assert not cutter.ends()
    list(cutter.cut(b'two'))
    assert cutter.ends()
    assert [(end, exchange.name, done) for end, exchange, done in cutter.end() if exchange] == [(0, 'two', True)]
    assert (cutter.ends(), *state(cutter)) == (False, '', False)


def test_error_after_a_part_leaves_what_the_part_has_told() -> None:
    cutter = Cutter(Words())
    assert len(list(cutter.cut(b'one ! more'))) == 1
    assert (cutter.opaque_because, cutter.held, *state(cutter)) == ('no word', b'! more', '', False)
