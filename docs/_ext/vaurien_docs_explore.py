"""What is made of ``vaurien explore``: its page of help, its flags, its verdicts, and the objects of its report."""
import msgspec
from vaurien_docs_http import schema_section
from vaurien_docs_text import indented, literal, table

from vaurien.config.settings import flag_of
from vaurien.explore import help
from vaurien.explore.report.document import Document
from vaurien.explore.settings import EXPLORE
from vaurien.explore.verdicts.table import VERDICTS

OBJECTS = ('Document', 'Baseline', 'Found', 'Place', 'Asked', 'Unstable', 'Tried')


def short() -> str:
    """Write the page that fits on a screen, as it is printed."""
    return f'.. code-block:: text\n\n{indented(help.TEXT)}\n'


def flags() -> str:
    """Write the options that ``vaurien explore`` has and ``vaurien run`` has not."""
    lines = ['.. program:: vaurien-explore', '']
    for key, option in EXPLORE.items():
        what = '' if option.type is bool else f' {getattr(option.type, "metavar", key.upper())}'
        default = f' Default: {option.default}.' if option.default not in (None, '', False) else ''
        lines += [f'.. option:: {flag_of(key)}{what}', '', f'   {option.description}.{default}', '']
    return '\n'.join(lines)


def verdicts() -> str:
    """Write the verdicts that there are."""
    return table(['verdict', 'level', 'when it is given'], [[literal(name), level, f'{text[0].upper()}{text[1:]}.']
                                                            for name, (level, text) in VERDICTS.items()], '20 10 70')


def report() -> str:
    """Write the objects of the report."""
    found = msgspec.json.schema(Document)['$defs']
    return '\n'.join(schema_section(name, found[name], name) for name in OBJECTS)
