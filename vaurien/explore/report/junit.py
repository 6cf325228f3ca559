"""The report as JUnit writes it, which CI servers read: one case for each test, a failure for each FAIL. Knows no file."""
import re
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from ..verdicts import FAIL
from .document import Document, Found

NAME = 'vaurien explore'
#: what XML has no place for
FORBIDDEN = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')


def junit(report: Document, tests: Iterable[str]) -> str:
    """Return the report as XML.

    Args:
        report: What was found.
        tests: The tests of the baseline; empty: there is none that holds, which is an error.
    """
    names = list(dict.fromkeys([*tests, *(test for one in report.findings for test in one.tests)]))
    cases = [''.join(case(name, report.findings)) for name in names]
    errors = 0 if names else 1
    if errors:
        why = f'<error message={attribute("the baseline does not hold")}/>'
        cases.append(f'<testcase classname="{NAME}" name="baseline">{why}</testcase>\n')
    failures = sum('<failure' in one for one in cases)
    return (f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n<testsuite name="{NAME}" tests="{len(cases)}" '
            f'failures="{failures}" errors="{errors}" skipped="0" time="{report.seconds:.3f}">\n'
            f'{"".join(cases)}</testsuite>\n</testsuites>\n')


def case(name: str, findings: Iterable[Found]) -> Iterator[str]:
    """Give the parts of one case: what fails, and in its output what does not."""
    path, _, last = name.rpartition('::') if '::' in name else name.rpartition('.')
    yield f'<testcase classname={attribute(path or NAME)} name={attribute(last)}>'
    mine = [one for one in findings if name in one.tests]
    fails = [one for one in mine if one.level == FAIL and not one.accepted]
    if fails:
        said = '; '.join(f'{one.verdict}: {one.detail}' for one in fails)
        yield f'<failure type={attribute(fails[0].verdict)} message={attribute(said)}>{text(lines(fails))}</failure>'
    others = [one for one in mine if one not in fails]
    if others:
        yield f'<system-out>{text(lines(others))}</system-out>'
    yield '</testcase>\n'


def lines(findings: Iterable[Found]) -> str:
    """Return findings as lines, each with what shows it again."""
    return '\n'.join(f'{one.level} {one.verdict} {one.proxy} {", ".join(one.sites)}: {one.detail}'
                     f'{" (accepted)" if one.accepted else ""}\nagain:  {one.again}' for one in findings)


def text(value: str) -> str:
    """Return text for an element."""
    return escape(FORBIDDEN.sub('\ufffd', value))


def attribute(value: str) -> str:
    """Return text for an attribute, with its quotes."""
    return quoteattr(FORBIDDEN.sub('\ufffd', value))
