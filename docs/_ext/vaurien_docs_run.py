"""What is made of ``vaurien run``: its flags, and the table of what becomes of addresses."""
import csv
from pathlib import Path

from vaurien_docs_commands import flag_entry, own_plugins
from vaurien_docs_text import indented, literal, section, table

from vaurien.run import arguments, help
from vaurien.run.settings import RUN

ADDRESSES = Path(__file__).parent.parent / 'reference' / 'run-addresses.csv'


def flags() -> str:
    """Write the flags that ``vaurien run`` has and plain vaurien has not."""
    actions = [action for action in arguments.make_parser(own_plugins())._actions if action.dest in (*RUN, 'help')]
    return '\n'.join(['.. program:: vaurien-run', '', *map(flag_entry, actions)])


def short() -> str:
    """Write the page that fits on a screen, as it is printed."""
    return f'.. code-block:: text\n\n{indented(help.TEXT)}\n'


def inside(row: dict[str, str]) -> str:
    """Write what is spoken, and what of a certificate is verified where it is inside TLS."""
    verified = {'nothing': 'nothing is verified', 'authority': 'its authority is verified', 'name': 'its name is verified'}
    return f'{row["protocol"]} in TLS: {verified[row["verified"]]}' if row['verified'] else row['protocol']


def addresses() -> str:
    """Write what becomes of each form of an address, a table for each library."""
    with ADDRESSES.open(encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file))
    pages = []
    for library in dict.fromkeys(row['for'] for row in rows):
        found = [[literal(row['text']) + (f' with ``VAR:{row["told"]}``' if row['told'] else ''), inside(row),
                  literal(row['becomes']) if row['becomes'] else '', row['note'].replace('X:tcp', 'VAR:tcp')]
                 for row in rows if row['for'] == library]
        title = 'Forms of no single library' if library == 'none' else library
        pages.append(section(title, table(['what stands there', 'protocol', 'what the command is told', 'note'], found,
                                          '34 14 34 18')))
    return '\n'.join(pages)
