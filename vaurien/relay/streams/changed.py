"""Lets the content of a response pass changed, within what the windows allow. Draws nothing.

What is held counts as if it had passed: its sender has used its windows, and gets no credit before the client gives some. So what
leaves in its place always has room, as long as it is no longer; where the room for the others gets scarce nothing is held on.
"""
from typing import Any

from gevent import sleep

from ...protocols.http.h2 import frames
from ...protocols.http.own.pieces import cut
from .state import StreamState
from .waiting import wait

#: [bytes] of the connection's window that are left to the other streams
SPARE = 2 * frames.FRAME_BYTES


class Changed:
    """Changes contents of the streams of one lane.

    Args:
        lane: The one from the backend to the client.
    """

    __slots__ = ('_lane',)

    def __init__(self, lane: Any) -> None:
        self._lane = lane

    def content(self, state: StreamState, edit: Any, flags: int, number: int, at: int, end: int) -> None:
        """Take a frame of content."""
        lane = self._lane
        first, last = frames.content(lane.data, at, end, flags)
        count, held = end - at - frames.HEAD, edit.holds
        passing = edit.take(lane.data, first, last)
        ended = bool(flags & frames.END_STREAM)
        if held:
            lane.replace(at, end)
            lane.room -= last - first
            self._refund(count - (last - first), 0)
            if not ended and (len(edit.held) >= edit.limit or lane.room < SPARE):
                self._release(state, edit, number, end)
            return
        lane.replace(at, end, frames.frame(frames.DATA, 0, state.number, lane.data[first:first + passing]) if passing else b'')
        lane.room -= passing
        self._refund(count - passing, 0 if ended else number)

    def _refund(self, count: int, number: int) -> None:
        """Give the backend credit back for what the client does not get."""
        self._lane.refund(count, number)

    def _release(self, state: StreamState, edit: Any, number: int, end: int) -> None:
        """Let all pass that is held: there is more of it than can be held."""
        held = len(edit.held)
        body = edit.release()
        self._lane.passed(end)
        self._write(state, body, False)
        self._lane.room += held - len(body)
        self._refund(held - len(body), number)

    def cancelled(self, edit: Any) -> None:
        """Give the backend its credit back for what is held and has nobody to go to."""
        held = len(edit.held)
        edit.holds, edit.held = False, bytearray()
        self._lane.room += held
        self._refund(held, 0)

    def over(self, state: StreamState, edit: Any, reset: bool) -> bool:
        """End a response of which all has come, or that the backend has given up; return whether its content comes later."""
        state.exchange.failure = None
        if edit.ended:
            return False
        if reset:
            self._lane.emit(frames.reset(state.number, frames.INTERNAL_ERROR))
            self.cancelled(edit)
        elif edit.pieces and edit.holds:
            wait(self._lane, state, None, self._dribble, state, edit)
            return True
        elif state.exchange.note.status and state.down.ended:
            held = len(edit.held)
            body = edit.finished() if edit.holds else b''
            if len(body) - held > min(self._lane.room, edit.limit - held):
                body = edit.release()
            self._lane.room += held - len(body)
            self._lane.borrow(max(len(body) - held, 0))
            self._write(state, body, True)
            self._refund(max(held - len(body), 0), 0)
        return False

    def _dribble(self, state: StreamState, edit: Any) -> None:
        """Write content piece by piece."""
        pieces = cut(bytes(edit.held), edit.pieces)
        for piece in pieces:
            sleep(edit.seconds / len(pieces))
            if self._lane.session.ended or state.number not in self._lane.pair.streams:
                return
            del edit.held[:len(piece)]
            self._write(state, piece, not edit.held)
        if not pieces:
            self._write(state, b'', True)
        self._lane.pair.reply(state)
        self._lane.pair.flushed()

    def _write(self, state: StreamState, body: bytes, end: bool) -> None:
        """Write content, in frames that every client takes."""
        size = frames.FRAME_BYTES
        for at in range(0, len(body), size):
            last = end and at + size >= len(body)
            self._lane.emit(frames.frame(frames.DATA, last, state.number, body[at:at + size]))
        if end and not body:
            self._lane.emit(frames.frame(frames.DATA, frames.END_STREAM, state.number))
