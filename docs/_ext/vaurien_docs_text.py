"""How reStructuredText is written. Knows nothing of vaurien."""
from collections.abc import Iterable, Sequence

UNDER = '-~^'    #: under titles, by depth


def literal(value: object) -> str:
    """Write something as it is typed."""
    return f'``{value}``'


def sentence(text: str) -> str:
    """Write a text as people write sentences."""
    return text[:1].upper() + text[1:] + ('' if text.endswith('.') else '.')


def section(title: str, *parts: str, depth: int = 0, label: str = '') -> str:
    """Write a section.

    Args:
        title: Its title.
        parts: What stands in it, with empty lines between.
        depth: 0 is right below the page's title.
        label: What other pages refer to it by; empty: nothing.
    """
    before = [f'.. _{label}:', ''] if label else []
    return '\n'.join([*before, title, UNDER[depth] * len(title), '', *('\n'.join((part, '')) for part in parts if part)])


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], widths: str = 'auto') -> str:
    """Write a table."""
    lines = ['.. list-table::', '   :header-rows: 1', f'   :widths: {widths}', '']
    for row in (titles, *rows):
        for place, cell in enumerate(row):
            lines.append(f'   {" " if place else "*"} - {" ".join(cell.split())}'.rstrip())
    return '\n'.join([*lines, ''])


def indented(text: str, by: int = 3) -> str:
    """Move a text to the right."""
    return '\n'.join(' ' * by + line if line else '' for line in text.splitlines())
