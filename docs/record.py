"""Makes pictures of a terminal in ``docs/_static``: ``python docs/record.py`` runs the commands of ``SCENES`` and draws
what they print. ``python docs/record.py run`` draws one of them.

Everything in the pictures was printed by vaurien and curl. Knows nothing of Sphinx.
"""
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
STATIC = ROOT / 'docs' / '_static'


class Scene(NamedTuple):
    """What is done in a terminal.

    Args:
        title: What the picture shows, for who cannot see it.
        commands: What is typed, one after the other.
        daemon: What is typed before, and goes on in the background; empty: nothing.
    """

    title: str
    commands: tuple[str, ...]
    daemon: str = ''

    @property
    def typed(self) -> list[str]:
        """All that is typed, as it is shown."""
        return [*([f'{self.daemon} &'] if self.daemon else []), *self.commands]


#: by the name of the picture
SCENES = {
    'terminal': Scene('vaurien in a terminal: of six requests one is late and one gets a 500; then a chosen kind of error', (
        "for i in 1 2 3 4 5 6; do curl -s -o /dev/null -w '%{http_code} after %{time_total} s\\n' localhost:8000; done",
        "vaurienctl behavior default error --kind 503 --match '^GET /status'",
        "curl -s -o /dev/null -w '%{http_code}\\n' localhost:8000/status/201",
        'curl -s localhost:8000/status/201 | grep injected',
    ), 'vaurien --backend embedded --protocol http --behavior 20:delay,10:error --http --seed 7 2> vaurien.log'),
    'run': Scene('make run in a terminal, during ten requests: a line for each fault', (
        'for i in 1 2 3 4 5 6 7 8 9 10; do curl -s -o /dev/null localhost:8000; done',
    ), 'make run ARGS="--seed 7" 2> vaurien.log'),
    'proxies': Scene('vaurienctl in a terminal: proxies, what they do and their toxics', (
        'vaurienctl create cache --listen localhost:6380 --backend localhost:6379 --protocol redis --mix 5:error',
        'vaurienctl add-toxic cache latency latency=100',
        'vaurienctl proxies',
    ), 'vaurien --backend embedded --protocol http --behavior 20:delay,10:error --http 2> vaurien.log'),
}
READY = 'control server on'
PATIENCE = 30   #: [s] until that is said
#: [px] of a character and of a line, and around the text
WIDTH, HEIGHT, MARGIN, BAR = 7.9, 19, 18, 34
#: what keeps several spaces; browsers have a rule of their own for <text>, so that it is not inherited
KEPT = 'xml:space="preserve" style="white-space: pre"'
COLUMNS = 112   #: characters of a line; what is longer goes on in the next
COMMANDS = {
    'vaurien': f'{sys.executable} -m vaurien',
    'vaurienctl': f'{sys.executable} -c "import sys; from vaurien.ctl import main; sys.exit(main())"',
    'make': f'{shutil.which("make")} --no-print-directory -C {ROOT}',
}
#: what is shown in another color, by the color
COLORS = {'#7ee787': re.compile(r'^\$ .*'), '#ffa657': re.compile(r'^\d\d:\d\d:\d\d .*|^5\d\d\b.*|^\d+ after [1-9].*'),
          '#8b949e': re.compile(r'^\d{4}-.*')}


def environment(folder: Path) -> dict[str, str]:
    """Make the commands known to a shell."""
    for name, words in COMMANDS.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (folder / name).chmod(0o755)
    return {**os.environ, 'PATH': f'{folder}{os.pathsep}{os.environ["PATH"]}', 'PYTHONPATH': str(ROOT), 'TZ': 'UTC'}


def record(scene: Scene) -> list[str]:
    """Run a scene, and return the lines of the terminal: all that runs in it writes to the same place."""
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as name, screen_into(lines) as (screen, ready):
        environ = environment(Path(name))
        daemon = None
        if scene.daemon:
            os.write(screen, f'$ {scene.typed[0]}\n'.encode())
            daemon = subprocess.Popen(['sh', '-c', f'exec {scene.daemon}'], cwd=name, env=environ, stdin=subprocess.DEVNULL,
                                      stdout=screen)
            ready.wait(PATIENCE)
        try:
            for command in scene.commands:
                os.write(screen, f'$ {command}\n'.encode())
                subprocess.run(['sh', '-c', command], cwd=name, env=environ, stdout=screen, check=True)
        finally:
            if daemon:
                daemon.terminate()
                daemon.wait()
    return [line[at:at + COLUMNS] for line in lines for at in range(0, max(1, len(line)), COLUMNS)]


@contextmanager
def screen_into(lines: list[str]) -> Iterator[tuple[int, threading.Event]]:
    """Open a screen to write to, whose lines come into a list; the event is set once one of them says ``READY``."""
    reader, writer = os.pipe()
    ready = threading.Event()

    def read() -> None:
        with open(reader, encoding='utf-8') as stream:
            for line in stream:
                lines.append(line.rstrip())
                if READY in line:
                    ready.set()
    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield writer, ready
    finally:
        os.close(writer)
        thread.join()


def color(line: str) -> str:
    """Choose a line's color."""
    return next((name for name, pattern in COLORS.items() if pattern.match(line)), '#e6edf3')


def draw(lines: list[str], title: str = '') -> str:
    """Draw a terminal with these lines."""
    width, height = COLUMNS * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + BAR + 2 * MARGIN
    texts = [f'<text {KEPT} x="{MARGIN}" y="{BAR + MARGIN + (number + 0.7) * HEIGHT:g}" fill="{color(line)}" '
             f'textLength="{len(line) * WIDTH:g}" lengthAdjust="spacingAndGlyphs">{html.escape(line)}</text>'
             for number, line in enumerate(lines) if line]
    dots = ''.join(f'<circle cx="{20 + 20 * place}" cy="17" r="6" fill="{fill}"/>'
                   for place, fill in enumerate(('#ff5f56', '#ffbd2e', '#27c93f')))
    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        'font-family="ui-monospace, DejaVu Sans Mono, Menlo, monospace" font-size="13">',
        f'<title>{html.escape(title)}</title>',
        f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>{dots}', *texts, '</svg>', ''])


if __name__ == '__main__':
    for picture in sys.argv[1:] or SCENES:
        scene = SCENES[picture]
        (STATIC / f'{picture}.svg').write_text(draw(record(scene), scene.title), 'utf-8')
