"""The page of ``vaurien explore --html`` in a browser: nothing sticks out, on a desk or in a hand, and boxes hide."""
import pytest

from tests.conftest import fixture
from tests.support.browser import browser as open_browser
from tests.unit.explore.report.reports import finding, place, report, tried
from vaurien.explore.report.page import POLICY, page

LONG = 'SELECT ' + ', '.join(f'column_{number}' for number in range(40)) + ' FROM a_table_with_a_long_name WHERE a = ?'
WIDTHS = 1400, 390      #: [px] of a window on a desk, and of a telephone
#: shows the page in frames of each width, and colors the window by whether all of it is seen and boxes hide what they should
MEASURE = """<body style="margin: 0"><script>
const page = %r, widths = %r;
const asked = widths.map(width => new Promise(done => {
    const frame = document.createElement('iframe');
    frame.style = `width: ${width}px; height: 900px; border: 0`;
    frame.srcdoc = page;
    frame.onload = () => done(frame.contentDocument);
    document.body.append(frame);
}));
Promise.all(asked).then(found => {
    const wide = found.some(one => one.documentElement.scrollWidth > one.documentElement.clientWidth);
    const section = found[0].querySelector('section.hang'), before = section.offsetHeight;
    found[0].querySelector('#show-hang').click();
    const hidden = before > 0 && section.offsetHeight == 0 && found[0].querySelector('section.leak').offsetHeight > 0;
    document.body.innerHTML = '';
    document.body.style.background = wide ? 'red' : hidden ? 'lime' : 'blue';
});
</script>"""
LIME, RED = b'\x00\xff\x00', b'\xff\x00\x00'

browser = fixture(open_browser)


def color(browser, folder, content):
    """Return the color that says what a page is like."""
    frames = folder / 'frames.html'
    frames.write_text(MEASURE % (content.replace(POLICY, "default-src * 'unsafe-inline'"), list(WIDTHS)), 'utf-8')
    found, = browser.look(frames.as_uri(), 300, 120).colors(10, 10, 100, 100)
    return found


@pytest.fixture(scope='module')
def content():
    long = place(site=LONG, test=f'tests/test_{"long" * 30}.py::test_it', output='x' * 3000, again='vaurien run ' + 'y' * 400)
    some = [finding(long, place(), verdict='hang', letter='D'), finding(place(), verdict='leak', level='WARN', letter='A')]
    return page(report(*some, tried=(tried(LONG, 'D', outcome=('hang',)), tried(LONG, 'A', 'always', ('clean',)))))


def test_nothing_sticks_out_and_boxes_hide_what_they_say(browser, tmp_path, content):
    assert color(browser, tmp_path, content) == LIME


def test_what_sticks_out_would_be_seen(browser, tmp_path, content):
    assert color(browser, tmp_path, content.replace('</main>', '<div style="width: 2000px">x</div></main>')) == RED
