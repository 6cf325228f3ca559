"""The report as one page for a browser: all of it in one file that asks no network and needs no script. Writes no file."""
import shlex
from collections.abc import Iterable, Iterator, Mapping
from html import escape

from ...protocols.kinds import CATEGORIES
from ..model.faults import ALWAYS, ORDER
from ..verdicts import FAIL, VERDICTS
from .document import Asked, Document, Found, Place, Tried
from .progress import clock
from .style import STYLE
from .terminal import counted

#: nothing is fetched, and nothing is run
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
ENDED = {
    'budget': 'The budget was spent before all was tried.', 'interrupted': 'It was ended before all was tried.',
    'baseline': 'The baseline does not hold: the command does not pass as it is, or not through vaurien.',
}
OPEN = 3        #: places of a finding that are shown open
#: what a cell of the matrix says where there is no verdict
CLEAN = {'clean': 'fine', 'kept': 'fine', 'unmet': 'not met', 'left': 'not tried'}


def page(report: Document) -> str:
    """Return the page."""
    verdicts = list(dict.fromkeys(one.verdict for one in report.findings))
    parts = ['<!doctype html>', '<html lang="en">', '<head>', '<meta charset="utf-8">',
             '<meta name="viewport" content="width=device-width, initial-scale=1">',
             f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">', f'<title>{text(title(report))}</title>',
             f'<style>{STYLE}{hiding(verdicts)}</style>', '</head>', '<body>', *header(report), '<main>', *filters(report),
             *matrix(report)]
    for verdict in verdicts:
        level, sentence = VERDICTS[verdict]
        parts += [f'<section class="{verdict}">', f'<h2 id="{verdict}">{verdict}</h2>',
                  f'<p class="faint">{sentence[0].upper()}{sentence[1:]}.</p>']
        for number, one in enumerate(report.findings):
            if one.verdict == verdict:
                parts += article(number, one)
        parts.append('</section>')
    return '\n'.join([*parts, *unstable(report), '</main>', *footer(report), '</body>', '</html>', ''])


def text(value: object) -> str:
    """Return text as it stands in the page."""
    return escape(str(value).replace('\x00', '\ufffd'))


def code(value: object) -> str:
    return f'<code>{text(value)}</code>'


def level_of(finding: Found) -> str:
    """Return the class of a finding on the page."""
    return 'fail' if finding.level == FAIL else 'warn'


def title(report: Document) -> str:
    return f'vaurien explore: {counts(report)[0]} FAIL, {counts(report)[1]} WARN'


def counts(report: Document) -> tuple[int, int]:
    """Return how many FAIL and how many WARN there are."""
    fails = sum(1 for one in report.findings if one.level == FAIL)
    return fails, len(report.findings) - fails


# -- what stands above and below

def header(report: Document) -> Iterator[str]:
    """Give what was run, and what came of it in numbers."""
    fails, warns = counts(report)
    about = report.baseline
    cards: list[tuple[str, object, str]] = [
        ('fail' if fails else '', fails, 'FAIL'), ('warn' if warns else '', warns, 'WARN'),
        ('', len(report.unstable), 'unstable')]
    if about is not None:
        cards += [('', about.tests, 'tests'), ('', about.sites, 'kinds of requests')]
    cards += [('', report.faults, 'faults'), ('', report.runs, 'runs'), ('', clock(report.seconds), 'minutes')]
    yield '<header>'
    yield f'<h1>What came of each failure</h1>\n<p>{code(shlex.join(report.command))}</p>'
    if report.ended:
        left = f' {counted(report.left, "fault")} not tried.' if report.left else ''
        yield f'<p class="note">{text(ENDED.get(report.ended, report.ended))}{left}</p>'
    yield '<ul class="cards">'
    for kind, number, what in cards:
        yield f'<li class="{kind}"><b>{number}</b><span>{what}</span></li>'
    yield '</ul>\n</header>'


def footer(report: Document) -> Iterator[str]:
    """Give what was left out, and what the letters mean."""
    yield '<footer>\n<h2>Classes</h2>\n<dl>'
    for letter, meaning in CATEGORIES.items():
        yield f'<dt>{letter}</dt><dd>{text(meaning)}</dd>'
    yield '</dl>'
    about = report.baseline
    if about is not None and (about.left_out or about.broken):
        yield '<h2>Tests left out</h2>\n<dl>'
        for name, why in [*about.left_out.items(), *((name, 'fails only through vaurien') for name in about.broken)]:
            yield f'<dt>{text(name)}</dt><dd>{text(why)}</dd>'
        yield '</dl>'
    yield f'<p>vaurien {text(report.vaurien)}, level {report.level}</p>\n</footer>'


def unstable(report: Document) -> Iterator[str]:
    """Give what did not come again."""
    if report.unstable:
        yield '<section>\n<h2>unstable</h2>\n<p class="faint">Seen once, and not again: no findings.</p>\n<div class="scroll">'
        yield '<table><thead><tr><th>verdict</th><th>request</th><th>class</th><th>test</th></tr></thead>\n<tbody>'
        for one in report.unstable:
            yield (f'<tr><td>{text(one.verdict)}</td><td>{text(one.proxy)} {code(one.site)}</td>'
                   f'<td>{one.class_}{" always" if one.mode == ALWAYS else ""}</td><td>{text(one.test)}</td></tr>')
        yield '</tbody>\n</table></div>\n</section>'


# -- choosing what is shown, without a script

def filters(report: Document) -> Iterator[str]:
    """Give a box for each verdict and each level, which hides what is not wanted."""
    found = {one.verdict: level_of(one) for one in report.findings}
    if len(found) > 1:
        yield '<fieldset>\n<legend>Show</legend>'
        for verdict in found:
            yield f'<label><input type="checkbox" id="show-{verdict}" checked> {verdict}</label>'
        yield '</fieldset>'


def hiding(verdicts: Iterable[str]) -> str:
    """Return the rules that hide what is not wanted."""
    return ''.join(f'body:has(#show-{name}:not(:checked)) section.{name} {{ display: none; }}\n' for name in verdicts)


# -- requests by classes

def matrix(report: Document) -> Iterator[str]:
    """Give the table of requests by classes, with what came of each."""
    if not report.tried:
        return
    rows: dict[tuple[str, str, str], dict[tuple[str, str], list[Tried]]] = {}
    for one in report.tried:
        rows.setdefault((one.proxy, one.stage, one.site), {}).setdefault((one.class_, one.mode), []).append(one)
    held = {(place.site, place.test, one.proxy, one.class_, one.mode, one.verdict): number
            for number, one in enumerate(report.findings) for place in one.places}
    columns = [key for key in ORDER if any(key in row for row in rows.values())]
    heads = ''.join(f'<th scope="col" title="{text(CATEGORIES[letter])}">{letter}{" always" if mode == ALWAYS else ""}</th>'
                    for letter, mode in columns)
    yield '<h2>Requests and failures</h2>\n<div class="scroll"><table class="matrix">'
    yield f'<thead><tr><th scope="col">request</th>{heads}</tr></thead>\n<tbody>'
    for (proxy, _, site), row in rows.items():
        cells = ''.join(f'<td>{cell(row.get(key, []), held, report)}</td>' for key in columns)
        yield f'<tr><th scope="row"><span class="faint">{text(proxy)}</span> {code(site[:120])}</th>{cells}</tr>'
    yield '</tbody>\n</table></div>'


def cell(some: Iterable[Tried], held: Mapping[tuple[str, str, str, str, str, str], int], report: Document) -> str:
    """Return what came of one class at one request: the worst that holds."""
    numbers: list[int] = []
    said: list[str] = []
    for one in some:
        keys = [(one.site, one.test, one.proxy, one.class_, one.mode, name) for name in one.outcome]
        found = [held[key] for key in keys if key in held]
        numbers += found
        said += [] if found else [CLEAN.get(name, 'not confirmed') for name in one.outcome]
    if numbers:
        number = min(numbers)       # the worst come first
        finding = report.findings[number]
        return f'<a class="cell {level_of(finding)}" href="#f{number + 1}">{finding.verdict}</a>'
    if not said:
        return ''
    word = next((word for word in said if word != 'fine'), 'fine')
    return f'<span class="cell {"fine" if word == "fine" else "none"}">{word}</span>'


# -- findings

def article(number: int, finding: Found) -> Iterator[str]:
    """Give one finding."""
    sites = finding.sites
    more = f' and {len(sites) - 1} more' if len(sites) > 1 else ''
    known = ' <span class="faint">(accepted)</span>' if finding.accepted else ''
    kinds = ', '.join(map(code, finding.kinds))
    yield f'<article class="finding {level_of(finding)}" id="f{number + 1}">'
    tag = f'<span class="tag {level_of(finding)}">{finding.level}</span>'
    yield f'<h3>{tag}{text(finding.proxy)}: {code(sites[0])}{more}{known}</h3>'
    yield (f'<dl><dt>fault</dt><dd>{kinds}, {finding.mode}: class {finding.class_}, {text(CATEGORIES[finding.class_])}</dd>'
           f'<dt>what came of it</dt><dd>{text(finding.detail)}</dd>'
           f'<dt>tests</dt><dd>{", ".join(text(name) for name in finding.tests[:OPEN])}'
           f'{f" and {len(finding.tests) - OPEN} more" if len(finding.tests) > OPEN else ""}</dd></dl>')
    yield f'<h4>again</h4>\n<pre>{text(finding.again)}</pre>'
    for at, place in enumerate(finding.places):
        yield from shown(place, finding, at == 0)
    yield '</article>'


def shown(place: Place, finding: Found, first: bool) -> Iterator[str]:
    """Give one place of a finding: what was asked, and what the test said."""
    where = f' <span class="faint">{text(place.file)}:{place.line}</span>' if place.file else ''
    yield (f'<details{" open" if first else ""}><summary>{code(place.site[:120])} in {text(place.test)}{where}: '
           f'{text(place.outcome)} after {place.seconds:.2f} s</summary>')
    if place.detail != finding.detail:
        yield f'<p>{text(place.detail)}</p>'
    if place.asked:
        yield '<h4>requests over time</h4>'
        yield from times(place)
    if place.output.strip():
        yield f'<h4>output of the test</h4>\n<pre>{text(place.output.strip())}</pre>'
    if place.again and place.again != finding.again:
        yield f'<h4>again</h4>\n<pre>{text(place.again)}</pre>'
    yield '</details>'


def times(place: Place) -> Iterator[str]:
    """Draw requests over time, each as a bar."""
    begin = place.asked[0].at
    whole = max(one.at + one.seconds for one in place.asked) - begin or 1.0
    if place.before:
        yield f'<p class="faint">{counted(place.before, "request")} before these</p>'
    yield '<ol class="times">'
    for one in place.asked:
        left, width = (one.at - begin) / whole * 100, one.seconds / whole * 100
        about = f'{one.proxy}, connection {one.session}, at {one.at:.3f} s, {one.seconds:.3f} s'
        yield (f'<li{" class=hit" if one.fault else ""} title="{text(about)}"><code class="name">{text(one.request[:160])}</code>'
               f'<span class="track"><i style="left:{left:.2f}%;width:{min(width, 100 - left):.2f}%"></i></span>'
               f'<span class="how">{text(answered(one))}</span></li>')
    yield '</ol>'
    if place.after:
        yield f'<p class="faint">{counted(place.after, "request")} after these</p>'


def answered(one: Asked) -> str:
    """Return how a request was answered, in a word or two."""
    took = f'{one.seconds * 1000:.0f} ms' if one.seconds < 10 else f'{one.seconds:.1f} s'
    return f'{one.fault or one.answer or "cut off"}, {took}'
