"""A scenario that is played while the command runs: ended by its own end or that of the command. Knows no command."""
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..options import Given, Option, convert
from ..scenario.playing import Playing
from ..words.phases.reading import read_file
from .settings import SCENARIO

if TYPE_CHECKING:
    from ..proxies.fleet import Fleet
    from ..spec import ProcessSpec


def read_playing(values: Mapping[str, Given]) -> Playing | None:
    """Return what is to be played; None: nothing.

    Args:
        values: What the command line has given.

    Raises:
        ConfigError: A value does not fit, there is no scenario that it would be about, or the scenario has proxies of its own.
        OSError: The file cannot be read.
    """
    def taken(key: str, option: Option) -> Any:
        return convert(values[key].label, option, values[key].value) if key in values else option.default
    found = {key: taken(key, option) for key, option in SCENARIO.items()}
    path = found.pop('scenario')
    if not path:
        for key in found.keys() & values.keys():
            raise ConfigError(values[key].label, values[key].value, '--scenario beside it')
        return None
    scenario = read_file(path)
    if scenario.proxy:
        raise ConfigError(f'{path} [[proxy]]', scenario.proxy[0].name, 'no proxies: those of a run are named by --through')
    return Playing(scenario, path, found['scenario_scale'], found['scenario_json'], found['scenario_svg'])


class Beside:
    """Plays it in a greenlet of its own.

    Args:
        playing: What is played; None: nothing.
        fleet: The proxies; none is there yet.
        spec: What the process should be.
        tell: Called with each line that is to be said.

    Raises:
        ConfigError, OSError: As for ``Playing.prepare``.
    """

    def __init__(self, playing: Playing | None, fleet: 'Fleet', spec: 'ProcessSpec', tell: Callable[[str], Any]) -> None:
        from gevent.event import Event
        self._playing, self._fleet, self._tell, self._stop = playing, fleet, tell, Event()
        self._greenlet: Any = None
        if playing is not None:
            playing.prepare(fleet, spec.proxies, tell)

    def start(self) -> None:
        """Begin with the first phase."""
        import gevent
        if self._playing is not None:
            self._greenlet = gevent.spawn(self._playing.play, self._stop)

    def stop(self) -> None:
        """End it, and wait until what was there before is put back."""
        self._stop.set()
        if self._greenlet is not None:
            self._greenlet.join()

    @property
    def unmet(self) -> bool:
        """Whether an entry of a phase's plan was applied to no request."""
        return self._playing is not None and self._playing.unmet

    def finish(self) -> None:
        """End all sessions, and write the report.

        Raises:
            OSError: A file cannot be written.
        """
        if self._greenlet is not None and self._playing is not None:
            self._fleet.close()
            self._playing.finish(self._tell)
