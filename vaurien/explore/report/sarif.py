"""The report as SARIF 2.1.0 (OASIS), by which code hosts show findings at the line of the test. Writes no file."""
import posixpath
from binascii import crc32
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..verdicts import FAIL, VERDICTS
from .document import Document, Found, Place

VERSION = '2.1.0'
SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'
NAME = 'vaurien explore'
ROOT = '%SRCROOT%'      #: what files are relative to: the folder that the code host knows
LEVELS = {FAIL: 'error'}
OTHERWISE = 'warning'
FINGERPRINT = 'vaurienPlace/v1'
MAX_OUTPUT = 2000       #: [characters] of what a test has said that stand in a message

Object = dict[str, Any]


def sarif(report: Document, command: Sequence[str], here: Path) -> Object:
    """Return the report as an object of JSON.

    Args:
        report: What was found.
        command: The command: a file that it names stands for tests whose files are not known.
        here: The folder that it was run in.
    """
    where = located(command, here, root_of(here))
    rules = list(dict.fromkeys(one.verdict for one in report.findings))
    run = {
        'tool': {'driver': {'name': NAME, 'version': report.vaurien, 'rules': [rule(name) for name in rules]}},
        'invocations': [{'executionSuccessful': report.baseline is not None and report.ended != 'baseline'}],
        'automationDetails': {'id': f'{NAME.replace(" ", "-")}/level-{report.level}'},
        'columnKind': 'unicodeCodePoints',
        'results': [made for one in report.findings for made in results(one, rules.index(one.verdict), where)],
    }
    return {'$schema': SCHEMA, 'version': VERSION, 'runs': [run]}


def rule(name: str) -> Object:
    """Return what is said of a verdict."""
    level, sentence = VERDICTS[name]
    text = f'{sentence[0].upper()}{sentence[1:]}.'
    more = f'{text} What it means, and what mends it, is on the page "What each verdict means" of the documentation of vaurien.'
    return {'id': name, 'name': ''.join(word.capitalize() for word in name.split('-')), 'shortDescription': {'text': text},
            'fullDescription': {'text': text}, 'help': {'text': more}, 'properties': {'tags': ['reliability']},
            'defaultConfiguration': {'level': LEVELS.get(level, OTHERWISE)}}


class Located:
    """Where tests are, as a code host knows files.

    Args:
        stand_in: The file for tests whose own is not known, as seen from ``root``; empty: there is none.
        below: Where the command was run, as seen from ``root``.
    """

    def __init__(self, stand_in: str, below: str) -> None:
        self._stand_in, self._below = stand_in, below

    def file(self, place: Place) -> tuple[str, int]:
        """Return the file of a place and the line; empty: none is known, 0: no line is."""
        path = posixpath.normpath(posixpath.join(self._below, place.file)) if place.file else ''
        return (self._stand_in, 0) if not path or path.startswith(('../', '/')) else (path, place.line)

    def locations(self, place: Place) -> list[Object]:
        """Return where a place is: at the line of the test, or in the file that stands for it."""
        path, line = self.file(place)
        logical: Object = {'logicalLocations': [{'fullyQualifiedName': place.test, 'kind': 'function'}]}
        if not path:
            return [logical]
        where: Object = {'artifactLocation': {'uri': quote(path), 'uriBaseId': ROOT}, 'region': {'startLine': max(1, line)}}
        return [{'physicalLocation': where, **logical}]


def located(command: Sequence[str], here: Path, root: Path) -> Located:
    """Return where tests are that a command runs in a folder below the root."""
    files = [here / word for word in command if not word.startswith('-') and (here / word).is_file()]
    inside = [path.resolve().relative_to(root.resolve()).as_posix() for path in files
              if path.resolve().is_relative_to(root.resolve()) and not path.is_symlink()]
    return Located(inside[0] if inside else '', here.resolve().relative_to(root.resolve()).as_posix())


def root_of(here: Path) -> Path:
    """Return the folder of the repository that a folder is in; the folder itself where it is in none."""
    return next((folder for folder in (here, *here.parents) if (folder / '.git').exists()), here)


def results(finding: Found, number: int, where: Located) -> Iterator[Object]:
    """Give one result for each place of a finding.

    Args:
        finding: The finding.
        number: Of its verdict among the rules.
        where: Says where tests are.
    """
    for place in finding.places:
        request = f'{finding.proxy}: {place.site}'
        text = (f'{place.detail[:1].upper()}{place.detail[1:]}: {request}, {place.kind} {finding.mode}, in {place.test}.\n'
                f'Again: {place.again or finding.again}')
        key = '\x1f'.join((finding.verdict, finding.proxy, place.site, finding.class_, finding.mode, place.test))
        result: Object = {
            'ruleId': finding.verdict, 'ruleIndex': number, 'level': LEVELS.get(finding.level, OTHERWISE),
            'message': {'text': text}, 'locations': where.locations(place),
            'partialFingerprints': {FINGERPRINT: f'{crc32(key.encode()):08x}'}, 'properties': properties(finding, place)}
        if finding.accepted:
            result['suppressions'] = [{'kind': 'external', 'status': 'accepted'}]
        yield result


def properties(finding: Found, place: Place) -> Mapping[str, Any]:
    """Return what SARIF has no words for."""
    return {'proxy': finding.proxy, 'request': place.site, 'class': finding.class_, 'mode': finding.mode, 'kind': place.kind,
            'outcome': place.outcome, 'output': place.output[-MAX_OUTPUT:]}
