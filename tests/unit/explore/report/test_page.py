"""The report as a page: well-formed, whole, of one file that asks for nothing, and nothing in it is taken for markup."""
from html.parser import HTMLParser

import pytest

from tests.unit.explore.report.reports import ODD, finding, place, report, tried, unsure
from vaurien.explore.report.page import page
from vaurien.explore.verdicts.table import VERDICTS

ALONE = {'meta', 'input'}      # elements that have no end


class Reader(HTMLParser):
    """Reads a page: its texts, its attributes, and whether each element that begins ends."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.texts, self.attributes, self.tags = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def read(document):
    reader = Reader()
    reader.feed(page(document))
    reader.close()
    assert reader.open == []
    return reader


WHOLE = report(finding(place(), place(site='LPUSH <a>', test='test_b.py::test_c', outcome='passed')),
               finding(verdict='hang', letter='D', accepted=True),
               finding(verdict='leak', level='WARN', letter='A', mode='always'),
               ended='budget', tried=(tried(), tried('GET ?', 'D', outcome=('unmet',)), tried('GET ?', 'B', outcome=('clean',)),
                                      tried('GET ?', 'A', 'always', ('left',)), tried('GET ?', 'F', outcome=('hang',))),
               unstable=(unsure(),))


def test_each_finding_has_its_request_its_fault_what_came_of_it_its_output_and_what_repeats_it():
    said = ' '.join(read(WHOLE).texts)
    for words in ('RPUSH jobs', 'lost-reply', 'response lost, then done twice', 'test_a.py:7', 'AssertionError',
                  "vaurien run --fault 'redis: RPUSH jobs = lost-reply' -- pytest", 'failed after 0.52 s', 'lost-reply, 10 ms',
                  '3 requests before these', 'LPUSH <a>', '(accepted)', 'unstable', 'skipped',
                  'The budget was spent before all was tried.'):
        assert words in said, words


def test_nothing_is_taken_for_markup_and_nothing_is_fetched_or_run():
    reader = read(WHOLE)
    assert ODD.replace('\x00', '\ufffd') in ' '.join(reader.texts)
    assert not {'script', 'link', 'img', 'iframe'} & set(reader.tags)
    assert reader.tags.count('b') == page(WHOLE).count('<li class=')  - page(WHOLE).count('<li class=hit')
    assert not {name for name, _ in reader.attributes} & {'src', 'onclick', 'onload'}
    assert all(value.startswith('#') for name, value in reader.attributes if name == 'href')
    assert ('content', "default-src 'none'; style-src 'unsafe-inline'") in reader.attributes


def test_requests_by_classes_link_to_what_holds_and_say_what_else_came():
    reader = read(WHOLE)
    assert ('href', '#f1') in reader.attributes
    assert ('id', 'f1') in reader.attributes
    for words in ('fine', 'not met', 'not tried', 'not confirmed'):
        assert words in reader.texts


@pytest.mark.parametrize('verdict', sorted(VERDICTS))
def test_each_verdict_can_be_hidden(verdict):
    other = 'hang' if verdict != 'hang' else 'leak'
    reader = read(report(finding(verdict=verdict), finding(verdict=other)))
    assert ('id', f'show-{verdict}') in reader.attributes
    assert f'body:has(#show-{verdict}:not(:checked)) section.{verdict} {{ display: none; }}' in ''.join(reader.texts)


@pytest.mark.parametrize('document', [report(), report(ended='baseline', baseline=False), report(ended='interrupted')],
                         ids=['clean', 'no baseline', 'interrupted'])
def test_a_report_without_findings_is_a_page_too(document):
    assert '0' in read(document).texts
