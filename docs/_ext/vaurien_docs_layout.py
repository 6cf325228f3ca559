"""Draws the folders of ``vaurien/`` from their own docstrings, and the import rule from the table that holds it.

Reads files and imports none of them, so that it says nothing that stands elsewhere.
"""
import ast
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vaurien_docs_text import indented, literal, table

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / 'vaurien'
#: the test that holds who may import whom; its tables are the only ones
RULES = ROOT / 'tests' / 'unit' / 'test_imports.py'
#: the first sentence of a docstring, which may go over several lines
FIRST = re.compile(r'.+?\.(?=\s|$)', re.DOTALL)


def says(path: Path) -> str:
    """Return the first sentence of a file's docstring, or of the folder's whose ``__init__.py`` it is; empty: it has none."""
    found = FIRST.match(ast.get_docstring(ast.parse(path.read_text('utf-8'))) or '')
    return ' '.join(found[0].split()) if found else ''


def folders() -> list[Path]:
    """Return the folders of the package, each followed by those that are in it."""
    return sorted(path.parent for path in PACKAGE.rglob('__init__.py') if path.parent != PACKAGE)


def files(folder: Path) -> list[Path]:
    """Return the files right in a folder, without the one that speaks for it."""
    return sorted(path for path in folder.glob('*.py') if path.name != '__init__.py')


def tree() -> str:
    """Write each folder with its sentence, and its files to be unfolded; the files of the root come last."""
    parts = []
    for folder in folders():
        name = folder.relative_to(PACKAGE).as_posix()
        body = [says(folder / '__init__.py'), '', *_unfolded(files(folder))]
        parts += [literal(f'{name}/'), indented('\n'.join(body)), '']
    rows = [(literal(path.name), says(path)) for path in (PACKAGE / '__init__.py', *files(PACKAGE))]
    return '\n'.join([*parts, 'The files of the root:', '', table(['file', 'what it is'], rows, '20 80')])


def _unfolded(paths: Sequence[Path]) -> list[str]:
    if not paths:
        return []
    rows = [(literal(path.name), says(path)) for path in paths]
    count = f'{len(paths)} files' if len(paths) > 1 else '1 file'
    return ['.. raw:: html', '', f'   <details><summary>{count}</summary>', '', table(['file', 'what it is'], rows, '20 80'),
            '.. raw:: html', '', '   </details>', '']


def rules(names: Iterable[str]) -> dict[str, Any]:
    """Read constants of the test that holds the import rule."""
    wanted, found = set(names), {}
    for node in ast.parse(RULES.read_text('utf-8')).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in wanted:
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def imports() -> str:
    """Write who may import whom, from the top down."""
    found = rules(['WORDS', 'FOLDERS', 'BESIDE'])
    lines = [('the words', ', '.join(_name(name) for name in found['WORDS']), 'those before it in this row')]
    lines += [('the process', ', '.join(_name(name) for name in line), 'every line above') for line in found['FOLDERS']]
    lines += [('beside it', ', '.join(_name(name) for name in line), 'the words, and what is beside it in the lines above')
              for line in found['BESIDE']]
    return table(['part', 'folder or file', 'may import'], lines, '15 50 35')


def _name(name: str) -> str:
    """Write a folder with a slash, and a file as a file."""
    return literal(f'{name}/' if (PACKAGE / name).is_dir() else f'{name}.py')
