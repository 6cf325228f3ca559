"""What a process has beside its proxies: a plan, the file of TLS' secrets, a journal, a control server. Reads no option."""
import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ..address import Address
from ..errors import ConfigError, VaurienError, cannot_listen

if TYPE_CHECKING:
    from contextlib import ExitStack

    from ..control.app import ControlServer
    from ..control.native.live.exploration import Exploring
    from ..following.follower import Follower
    from ..following.member.member import Membership
    from ..net.sockets import RawSocket
    from ..outputs.journal.file import JournalFile
    from ..outputs.traces.following import Spans
    from ..proxies.fleet import Fleet
    from ..proxies.proxy import Proxy
    from ..spec import ProcessSpec

MAX_UNREPEATED = 100    #: faults of an earlier run that are listed where they were not repeated; the others are counted
OTLP_HTTP = 'http/protobuf'     #: the one of OTLP's protocols that spans are sent by
#: what of the environment asks for one of them; the first that is set counts
PROTOCOL_VARIABLES = ('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL')
#: the one that says how long a span waits for others, what it is otherwise, and how long that may be, in milliseconds
DELAY_VARIABLE, DEFAULT_DELAY, MAX_DELAY_DIGITS = 'OTEL_BSP_SCHEDULE_DELAY', '1000', 6

logger = logging.getLogger(__name__)


def begin_plan(fleet: 'Fleet', spec: 'ProcessSpec') -> None:
    """Put in force what is meant for certain requests: the plan, and the faults of an earlier run.

    Raises:
        ConfigError, OSError: As for ``begin_replay``, or a value does not fit.
    """
    fleet.plan.replace(spec.plan)
    begin_replay(fleet, spec)


def begin_replay(fleet: 'Fleet', spec: 'ProcessSpec') -> None:
    """Let the faults of an earlier run be repeated, where that was asked for.

    Raises:
        ConfigError: The file is no journal.
        OSError: It cannot be read.
    """
    if spec.replay:
        from ..plans.past import opened, read_past
        from ..plans.replay import Replay
        with opened(spec.replay) as lines:
            replay = Replay(read_past(lines, f'--replay {spec.replay}'))
        if replay.lost:
            logger.warning('--replay %s lacks %d lines: what was injected there is not repeated', spec.replay, replay.lost)
        fleet.plan.repeat(replay)


def begin_keylog(path: str) -> None:
    """Let the secrets of TLS connections be written into a file, and warn of it; an empty path: nothing is.

    Raises:
        ConfigError: The file cannot be written.
    """
    if path:
        from ..net.tls.keylog import keylog
        keylog.open(path)
        logger.warning('--tls-keylog %s has the secrets of all TLS connections from now on: who reads it reads them', path)


def open_journal(fleet: 'Fleet', path: str) -> 'JournalFile':
    """Begin to write what the proxies of a fleet do into a file.

    Raises:
        VaurienError: The file cannot be opened.
    """
    kind: Any
    if fleet.workers:
        from ..workers.recording.gathered import GatheredJournal as kind
    else:
        from ..outputs.journal.file import JournalFile as kind
    try:
        journal: JournalFile = kind(fleet, path)
        return journal
    except OSError as error:
        raise VaurienError(f'--journal {path}: {error.strerror}') from None


def open_spans(fleet: 'Fleet', spec: 'ProcessSpec') -> 'Spans':
    """Begin to send spans of what the proxies of a fleet do.

    Raises:
        ConfigError: The environment says something that vaurien does not do.
        VaurienError: What it needs is not installed, or cannot be as the environment says.
    """
    name = next((name for name in PROTOCOL_VARIABLES if os.environ.get(name)), '')
    if name and os.environ[name] != OTLP_HTTP and not spec.otel_url:
        raise ConfigError(name, os.environ[name], f'{OTLP_HTTP}, or --otel-url beside it')
    delay = delay_of(os.environ.get(DELAY_VARIABLE) or DEFAULT_DELAY)
    try:
        from ..outputs.traces.sdk import Exporter  # slow to import, and few need it
    except ImportError as error:
        raise VaurienError(f'--otel needs the extra vaurien[otel]: pip install "vaurien[otel]" ({error})') from None
    from ..outputs.traces.following import Spans
    try:
        exporter = Exporter(spec.otel_url, fleet.seed)
    except (ValueError, RuntimeError, ImportError, OSError) as error:
        raise VaurienError(f'--otel: {error}') from None
    if exporter.note:
        logger.warning('--otel: %s', exporter.note)
    return Spans(fleet, exporter, spec.otel_all, delay)


def delay_of(text: str) -> float:
    """Return how long a span waits for others at most [s].

    Args:
        text: As the environment has it [ms].

    Raises:
        ConfigError: It is no such number.
    """
    if not text.isascii() or not text.isdecimal() or len(text) > MAX_DELAY_DIGITS:
        raise ConfigError(DELAY_VARIABLE, text, f'milliseconds, an integer of at most {MAX_DELAY_DIGITS} digits')
    return int(text) / 1000


def begin_busy(fleet: 'Fleet', spec: 'ProcessSpec', tell: Callable[[str], None], ending: ExitStack) -> None:
    """Begin to look where the time of the event loop goes, where that is asked for.

    Args:
        fleet: Whose proxies have it.
        spec: What the process should be.
        tell: Writes a line of what is said in the end.
        ending: What is to be done in the end is added to it.
    """
    if not (spec.busy or spec.busy_report):
        return
    from ..outputs.busy.report import lines
    from ..outputs.busy.sampler import Sampler
    sampler = fleet.busy = Sampler(lambda: fleet.proxies)
    sampler.start()

    def end() -> None:
        sampler.stop()
        for line in lines(sampler.report()) if spec.busy_report else ():
            tell(line)
    ending.callback(end)


def describe(proxy: 'Proxy') -> str:
    """Return what to say of a proxy that was started."""
    where = f'listening on {proxy.address}' if proxy.spec.enabled else 'disabled'
    return f'proxy {proxy.name} {where}, {proxy.summary}'


def listen_for_control(spec: 'ProcessSpec') -> 'RawSocket':
    """Listen where the control server is to be; who connects waits until it is there.

    Raises:
        OSError: Its address cannot be listened on.
    """
    from ..control import BACKLOG
    from ..net import sockets
    where = Address(spec.http_host, spec.http_port)
    try:
        return sockets.listen(sockets.place_of(where), BACKLOG)
    except OSError as error:
        raise cannot_listen('control server', str(where), error) from error


def open_control(fleet: 'Fleet', spec: 'ProcessSpec', listener: 'RawSocket | None' = None,
                 exploring: 'Exploring | None' = None) -> 'ControlServer':
    """Start the control server.

    Args:
        fleet: What it steers.
        spec: What the process should be.
        listener: A socket that listens for it already; None: it listens itself.
        exploring: The exploration that it shows; None: there is none.

    Raises:
        OSError: Its address cannot be listened on.
        VaurienError: What it needs is not installed.
    """
    try:
        from ..control.app import ControlServer  # falcon and prometheus-client are slow to import
    except ImportError as error:
        raise VaurienError(f'--http: the control server is not available: {error}') from error
    listener = listener or listen_for_control(spec)
    server = ControlServer(fleet, spec.http_host, spec.http_port, spec.http_token, spec.toxiproxy, spec.http_allow,
                           spec.http_cert, spec.http_key, listener, exploring=exploring)
    server.start()
    return server


def join_cluster(fleet: 'Fleet', follower: 'Follower', spec: 'ProcessSpec', ending: 'ExitStack') -> 'Membership':
    """Follow a cluster until the process ends.

    Args:
        fleet: The proxies, which are there already.
        follower: Makes them what is wanted.
        spec: What the process should be by itself.
        ending: What is to be done in the end is added to it.

    Raises:
        ConfigError: A file of TLS cannot be used.
    """
    from ..following.member.joining import join
    from .reload import first
    membership = join(fleet, follower, first(spec), spec.cluster)
    ending.callback(membership.close)
    return membership


def warn_of_unmet(fleet: 'Fleet') -> bool:
    """Say which entries of the plan were applied to no request, and which faults not repeated; return whether there are any."""
    unmet, unrepeated = fleet.plan.unmet(), fleet.plan.unrepeated()
    for entry in unmet:
        logger.warning('the plan was not met: %s: %s', entry.text, entry.why_not)
    for entry in unrepeated[:MAX_UNREPEATED]:
        logger.warning('not repeated: %s: %s', entry.text, entry.why_not)
    if len(unrepeated) > MAX_UNREPEATED:
        logger.warning('not repeated: %d more faults', len(unrepeated) - MAX_UNREPEATED)
    return bool(unmet or unrepeated)
