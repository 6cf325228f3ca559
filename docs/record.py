"""Makes ``docs/_static/terminal.svg``: ``python docs/record.py`` runs the commands of ``SCENE`` and draws what they print.

Everything in the picture was printed by vaurien and curl. Knows nothing of Sphinx.
"""
import html
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / 'docs' / '_static' / 'terminal.svg'
DAEMON = 'vaurien --backend embedded --protocol http --behavior 20:delay,10:error --http --seed 7 2> vaurien.log'
SCENE = (
    "for i in 1 2 3 4 5 6; do curl -s -o /dev/null -w '%{http_code} after %{time_total} s\\n' localhost:8000; done",
    'vaurienctl faults',
    "vaurienctl behavior default error --kind 503 --match '^GET /status'",
    "curl -s -o /dev/null -w '%{http_code}\\n' localhost:8000/status/201",
    'curl -s localhost:8000/status/201 | grep injected',
)
READY = 'control server on'
#: [px] of a character and of a line, and around the text
WIDTH, HEIGHT, MARGIN, BAR = 7.9, 19, 18, 34
#: what keeps several spaces; browsers have a rule of their own for <text>, so that it is not inherited
KEPT = 'xml:space="preserve" style="white-space: pre"'
COLUMNS = 112   #: characters of a line; what is longer goes on in the next
COMMANDS = {'vaurien': '-m vaurien',
            'vaurienctl': '-c "import sys; from vaurien.ctl import main; sys.exit(main())"'}
#: what is shown in another color, by the color
COLORS = {'#7ee787': re.compile(r'^\$ .*'), '#ffa657': re.compile(r'.*\b(delay|error)  .*|^(1\.\d+|5\d\d).*|^\d+ after [1-9].*'),
          '#8b949e': re.compile(r'^\d{4}-.*')}


def environment(folder: Path) -> dict[str, str]:
    """Make the commands known to a shell."""
    for name, words in COMMANDS.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        (folder / name).chmod(0o755)
    return {**os.environ, 'PATH': f'{folder}{os.pathsep}{os.environ["PATH"]}', 'PYTHONPATH': str(ROOT), 'TZ': 'UTC'}


def record() -> list[str]:
    """Run the scene, and return the lines of the terminal."""
    with tempfile.TemporaryDirectory() as name:
        environ = environment(Path(name))
        daemon = subprocess.Popen(['sh', '-c', f'exec {DAEMON}'], cwd=name, env=environ, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            lines = [f'$ {DAEMON} &']
            for line in daemon.stdout or ():
                lines.append(line.rstrip())
                if READY in line:
                    break
            for command in SCENE:
                done = subprocess.run(['sh', '-c', command], env=environ, text=True, capture_output=True, check=True)
                lines += [f'$ {command}', *done.stdout.splitlines()]
        finally:
            daemon.terminate()
            daemon.communicate()
    return [line[at:at + COLUMNS] for line in lines for at in range(0, max(1, len(line)), COLUMNS)]


def color(line: str) -> str:
    """Choose a line's color."""
    return next((name for name, pattern in COLORS.items() if pattern.match(line)), '#e6edf3')


def draw(lines: list[str]) -> str:
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
        '<title>A terminal: vaurien, and requests that pass, are late, or meet an error</title>',
        f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>{dots}', *texts, '</svg>', ''])


if __name__ == '__main__':
    PICTURE.write_text(draw(record()), 'utf-8')
