"""The calls of the native surface that play a scenario, as long as its client listens. Thin over the playing of it."""
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import gevent
from gevent.event import Event
from gevent.queue import Empty, SimpleQueue
from msgspec import Meta

from ...errors import ConfigError
from ...net.breath import Breath
from ...proxies.fleet import Fleet
from ...relay.recording.session import RecordedSession
from ...scenario.playing import Playing
from ...scenario.program import describe
from ...spec import MAX_NAME
from ...words.phases.model import MAX_SCALE, MIN_SCALE
from ...words.phases.reading import read_data, read_text
from ..server_sent import ALIVE, event, events
from ..surface import NO_CONTENT, Refusal, Reply
from .endpoint import BARE, EVENTS, Endpoint, Request
from .models import Input, Output

PATH = '/v1/scenario'
KEEPALIVE_INTERVAL = 1.0    #: [seconds] between two signs of life, and two looks at whether the process stops


class NewScenario(Input):
    """A scenario that is to be played on the proxies that there are."""

    scenario: Annotated[dict[str, Any] | str, Meta(description='What stands in its file, without proxies; a text is TOML')]
    label: Annotated[str, Meta(min_length=1, max_length=MAX_NAME, description='How messages call it')] = 'scenario'
    scale: Annotated[float, Meta(ge=MIN_SCALE, le=MAX_SCALE, description='What all its times are multiplied with')] = 1.0
    reconnect: Annotated[bool, Meta(
        description='Whether open sessions are reset at its beginning, of which nothing would be counted')] = False
    check: Annotated[bool, Meta(description='Whether it is only checked: its phases are told, and nothing changes')] = False


class PlayedScenario(Output):
    """What is played; ``scenario`` is empty: nothing. ``phase`` is the newest phase, as it was told when it began."""

    scenario: str
    phase: str


class ScenarioCalls:
    """What the calls do.

    Args:
        fleet: Whose proxies they change.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.performance: Performance | None = None

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return their part of the table of calls."""
        return (
            Endpoint('POST', PATH, 'Play a scenario, and send as server-sent events what happens: phase, with its line as text, '
                     'for each; in the end report. Where its client leaves it ends, and what was there before is put back',
                     self.play_scenario, EVENTS, body=NewScenario, errors=(409, 503)),
            Endpoint('GET', PATH, 'The scenario that is played', self.show_scenario, PlayedScenario),
            Endpoint('DELETE', PATH, 'End the scenario that was begun by POST; its client gets the report', self.end_scenario,
                     BARE, 204, errors=(404,)),
        )

    def play_scenario(self, request: Request) -> Reply:
        body, fleet, breathe = request.body, self.fleet, Breath()
        fleet.check_open()
        fleet.check_alone('scenario')
        read = read_text if isinstance(body.scenario, str) else read_data
        scenario = read(body.scenario, body.label)
        if scenario.proxy:
            raise ConfigError(f'{body.label} [[proxy]]', scenario.proxy[0].name, 'no proxies: those that run are played on')

        def check(spec: Any) -> None:
            breathe()
            fleet.validate(spec)
        playing = Playing(scenario, body.label, body.scale, check=check)
        specs = [proxy.spec for proxy in fleet.proxies.values()]
        if body.check:
            stages = playing.program(fleet, specs).stages
            return events(phase(f'phase {number} of {len(stages)}, {stage.name}, {describe(stage)}')
                          for number, stage in enumerate(stages, 1))
        self.performance = Performance(self, playing, specs, body.reconnect)
        return events(self.performance)

    def show_scenario(self, request: Request) -> PlayedScenario:
        now = self.performance
        return PlayedScenario(scenario=self.fleet.scenario or '', phase=now.phase if now else '')

    def end_scenario(self, request: Request) -> Reply:
        if self.performance is None:
            raise Refusal(404, 'no scenario is played that was begun here')
        self.performance.stop.set()
        return NO_CONTENT


class Performance:
    """The playing of a scenario, as what is sent of it. It is played while somebody takes that.

    Args:
        calls: What began it.
        playing: What is played.
        specs: What the proxies are.
        reconnect: Whether open sessions are reset.

    Raises:
        ConfigError: It cannot be played.
        AlreadyPlayedError: Another one is played.

    Attributes:
        phase: The line of the newest phase; empty: none has begun.
        stop: Set to end it.
    """

    def __init__(self, calls: ScenarioCalls, playing: Playing, specs: Iterable[Any], reconnect: bool) -> None:
        self._calls, self._playing, self.phase, self.stop = calls, playing, '', Event()
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._greenlet: Any = None
        fleet = calls.fleet
        playing.prepare(fleet, specs, self._tell)
        proxies = list(fleet.proxies.values())
        if reconnect:
            for proxy in proxies:
                proxy.abort()
        unseen = sum(not isinstance(session, RecordedSession) for proxy in proxies for session in proxy.sessions.values())
        if unseen:
            playing.notes.append(f'connections that were open before it began, of which nothing is counted: {unseen}')

    def _tell(self, line: str) -> None:
        self.phase = line
        self._lines.put(line)

    def _play(self) -> None:
        try:
            self._playing.play(self.stop)
        finally:
            self._lines.put(None)

    def __iter__(self) -> Iterator[bytes]:
        yield ALIVE     # the headers go out now, not with the first phase
        self._greenlet = gevent.spawn(self._play)
        while (line := self._next()) is not None:
            yield phase(line) if line else ALIVE
        self._greenlet.get()
        yield event('report', self._playing.report())

    def _next(self) -> str | None:
        """Return the next line; empty: there was none for a while; None: it has ended."""
        if self._calls.fleet.stopping:
            self.stop.set()
        try:
            return self._lines.get(timeout=KEEPALIVE_INTERVAL)
        except Empty:
            return ''

    def close(self) -> None:
        """End it, and wait until what was there before is put back; the server calls this however it ends."""
        self.stop.set()
        if self._greenlet is not None:
            self._greenlet.join()
        self._playing.close()
        self._calls.performance = None


def phase(line: str) -> bytes:
    """Write the line of a phase as an event."""
    return event('phase', {'text': line})
