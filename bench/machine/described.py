"""Says what a machine is and which tree was measured, in a few words that name neither the machine nor a place on it."""
import os
import platform
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODEL = re.compile(r'^model name\s*: (.+)$', re.MULTILINE)


def machine() -> str:
    """Return processors, system and interpreter: ``2 x EPYC 7B13, Linux 6.1, Python 3.11.7``."""
    try:
        found = MODEL.search(Path('/proc/cpuinfo').read_text())
    except OSError:
        found = None
    model = plain(found[1] if found else platform.machine())
    release = '.'.join(platform.release().split('.')[:2])
    return f'{os.cpu_count()} x {model}, {platform.system()} {release}, Python {platform.python_version()}'


def plain(model: str) -> str:
    """Return a processor's name without marks and frequencies, and without what a table could not have in a cell."""
    return ' '.join(re.sub(r'\((R|TM|tm)\)|@.*|,|\bCPU\b|\bProcessor\b', ' ', model).split())


def revision() -> str:
    """Return the first digits of the last commit that changed the package, with ``+`` where files differ; empty: none."""
    def git(*words: str) -> str:
        return subprocess.run(('git', '-C', str(ROOT), *words), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=True).stdout.strip()
    try:
        changed = git('status', '--porcelain', '--untracked-files=no', '--', 'vaurien')
        return git('log', '-1', '--format=%h', '--abbrev=9', '--', 'vaurien') + '+' * bool(changed)
    except (OSError, subprocess.CalledProcessError):
        return ''
