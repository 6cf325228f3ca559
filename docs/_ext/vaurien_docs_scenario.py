"""What is made of the scenarios' model: the keys of a file, the report, and the flags of ``vaurien scenario``."""
from typing import Any

import msgspec
from vaurien_docs_commands import flag_entry
from vaurien_docs_http import schema_section
from vaurien_docs_text import literal

from vaurien.cli import scenario as command
from vaurien.scenario.report.document import Report
from vaurien.words.phases.model import Scenario

#: tables of a file as they are written in it, by their class; in this order
TABLES = {'Scenario': 'The file', 'Phase': '[[phase]]', 'Conditions': '[phase.on.NAME]', 'Ramp': 'ramp', 'Until': 'until',
          'ProxyTable': '[[proxy]]'}
OBJECTS = ('Report', 'PhaseReport', 'PlannedFault', 'Totals', 'ErrorCount', 'Latency', 'Moment')


def definitions(kind: type) -> dict[str, Any]:
    """Return the schemas of a class and of all that is in it."""
    found: dict[str, Any] = msgspec.json.schema(kind)['$defs']
    return found


def file() -> str:
    """Write the tables of a file, with their keys."""
    found = definitions(Scenario)
    return '\n'.join(schema_section(name, found[name], title if name == 'Scenario' else literal(title), depth=0)
                     for name, title in TABLES.items())


def report() -> str:
    """Write the objects of a report."""
    found = definitions(Report)
    return '\n'.join(schema_section(name, found[name], name) for name in OBJECTS)


def flags() -> str:
    """Write the flags of ``vaurien scenario``."""
    actions = [action for action in command.make_parser()._actions if action.option_strings]
    return '\n'.join(['.. program:: vaurien-scenario', '', *map(flag_entry, actions)])
