"""The page of the control server in a browser: what it says of the process, what it withstands, and who can use it."""
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.support.daemon import daemon
from tests.support.paged import CONTROL, a_proxy, client_of, get, go, opened, shared, talk
from tests.support.peers import connect
from tests.support.unit_of_time import PATIENCE

#: what axe-core finds
LOOK = 'const done = arguments[arguments.length - 1]; axe.run().then(found => done(found.violations))'
HOSTILE = ('GET /<script>document.title="hacked"</script>', 'GET /\u202eleft', 'GET /' + 'x' * 4000)
#: none has a slash, as no path of the native calls has a name with one
NAMES = ('<script>document.title="hacked"', '"><img src=x onerror=alert(1)>', '\u202eleft', 'bell\x07', '50%20&amp;', 'a' * 59)
SHOWN = (*NAMES[:2], '\\u202eleft', 'bell\\u0007', *NAMES[4:])
VIEWS = ('#/', '#/proxy/shop', '#/faults', '#/runs')
#: [px] that stick out on the right
BEYOND = 'return document.documentElement.scrollWidth - document.documentElement.clientWidth'
#: which of these a page of another origin gets: an answer of the API, one unread, an image, and a script of the page
FOREIGN = """const [control, done] = [arguments[0], arguments[1]];
const made = (name, fields) => new Promise((yes, no) => {
  const element = Object.assign(document.createElement(name), fields, {onload: () => yes(fields.src), onerror: no});
  document.head.append(element);
});
Promise.allSettled([
  fetch(control + '/v1/proxies').then(answer => answer.text()),
  fetch(control + '/v1/live').then(answer => answer.text()),
  fetch(control + '/v1/proxies', {method: 'POST', mode: 'no-cors', body: '{"name": "foreign", "backend": "embedded"}'})
    .then(answer => answer.ok || Promise.reject(answer.type)),
  made('img', {src: control + '/page/icon.svg'}), made('script', {src: control + '/page/words.js', type: 'module'}),
]).then(all => done(all.filter(one => one.status === 'fulfilled').map(one => String(one.value))));
"""


@pytest.fixture(scope='module')
def vaurien():
    with shared() as process:
        client_of(process).create('shop', backend='embedded', protocol='http', mix='20:delay,10:error')
        yield process


@pytest.fixture(scope='module')
def client(vaurien):
    return client_of(vaurien)


# -- what it says of the process

def test_it_says_that_vaurien_has_gone_and_goes_on_when_it_is_back(window):
    with daemon('--fleet-only', *CONTROL, proxies=0) as vaurien:
        opened(window, vaurien)
        port = vaurien.control.rpartition(':')[2]
        vaurien.process.kill()
        vaurien.wait()
        window.reads('vaurien does not answer; trying again')
    with daemon('--fleet-only', '--http', '--http-port', port, proxies=0):
        window.until(lambda: 'trying again' not in window.text and 'live' in window.text, 'it is not back')


def test_a_page_that_is_left_holds_no_connection(window, vaurien):
    for _ in range(7):      # a browser has six for one address, and keeps pages for the way back
        window.open(f'{vaurien.control}/')
        window.reads('live')
    window.driver.back()
    window.driver.back()
    window.reads('live')


def test_a_token_is_asked_for_once_and_never_in_an_address(window):
    with daemon('--fleet-only', '--http-token', 'open sesame', *CONTROL, proxies=0) as vaurien:
        window.open(f'{vaurien.control}/')
        window.reads('This vaurien was started with a token.')
        window.fill('Token', 'wrong')
        window.click('Open')
        window.reads('This is not the token of this vaurien.')
        window.fill('Token', 'open sesame')
        window.click('Open')
        window.reads('live')
        window.driver.refresh()
        window.reads('live')
        addresses = window.run(
            'return performance.getEntriesByType("resource").map(entry => entry.name).concat(location.href, document.cookie)')
        assert any('/v1/behaviors' in address for address in addresses)
        assert not [address for address in addresses if 'sesame' in address]


def test_five_hundred_proxies_are_shown_a_window_at_a_time(window):
    with daemon('--fleet-only', *CONTROL, proxies=0) as vaurien:
        client = client_of(vaurien)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: client.create(f'proxy-{number:03}', backend='embedded', enabled=False), range(500)))
        opened(window, vaurien)
        window.reads('500 of 500')
        window.reads('proxy-000')
        assert len(window.all('.row')) < 40
        window.run('scrollTo(0, document.body.scrollHeight)')
        window.reads('proxy-499')
        window.fill('Show proxies with', '-24')
        window.reads('10 of 500')
        assert len(window.all('.row')) == 10


def test_of_many_sessions_the_oldest_are_shown_and_all_are_counted(window, vaurien, client):
    with ExitStack() as open_ones, a_proxy(client, protocol='tcp') as proxy:
        for _ in range(250):
            open_ones.enter_context(connect(proxy.port))
        page = opened(window, vaurien, proxy.view)
        page.reads('250 open, the oldest 100 are shown')
        assert len(page.all('[aria-label="Table of sessions"] tbody tr')) == 100
        page.click('End all')
        page.reads('0 open')


# -- what it withstands

def test_hostile_requests_are_text(window, vaurien, client):
    with a_proxy(client, mix='100:error', settings={'error': {'kind': '503'}}) as proxy:
        page = opened(window, vaurien, proxy.view)
        for name in HOSTILE:
            talk(proxy.port, name).close()
        for text in ('<script>document.title=', '\\u202eleft', 'x' * 200):
            page.reads(text)
        assert_harmless(page)


def test_hostile_names_of_proxies_are_text_and_so_are_refusals(window, vaurien, client):
    page = opened(window, vaurien)
    page.click('New proxy')
    page.fill('Name', NAMES[0])
    page.click('Make it')
    page.reads('Expected `str` matching')
    for name in NAMES:      # Toxiproxy takes any name
        made = json.dumps({'name': name, 'listen': '127.0.0.1:0', 'upstream': '127.0.0.1:9'}).encode()
        wanted = urllib.request.Request(f'{vaurien.control}/proxies', made, {'Content-Type': 'application/json'})
        urllib.request.urlopen(wanted, timeout=PATIENCE).close()
    try:
        for text in SHOWN:
            page.reads(text)
        assert_harmless(page)
        for text in SHOWN:
            page.click(text)
            page.named(text, 'h1')
            assert_harmless(page)
            go(page, '#/')
            page.reads('New proxy')
    finally:
        for name in NAMES:
            client.remove(name)


def assert_harmless(page):
    assert page.driver.title != 'hacked'
    assert page.run('return document.querySelectorAll("main script, main img").length') == 0
    assert page.run(BEYOND) <= 0
    assert [text for text in page.complaints() if 'Failed to load resource' not in text] == []     # that is a refusal


def test_a_page_of_another_origin_gets_and_does_nothing(window, vaurien, client):
    window.driver.get(f'http://127.0.0.1:{port_of(client.show("shop"))}/')
    assert window.driver.execute_async_script(FOREIGN, vaurien.control) == []
    assert [proxy['name'] for proxy in client.proxies()] == ['shop']
    window.complaints()
    client.kill_all('shop')     # the browser keeps its connection, and the process would wait for it


def port_of(proxy):
    return int(proxy['address'].rpartition(':')[2])


def test_the_policy_is_kept_and_nothing_sticks_out(window, vaurien):
    page = opened(window, vaurien)
    for view in VIEWS:
        go(page, view)
        for width in (360, 1400, 3840):
            page.sized(width, 900)
            assert page.run(BEYOND) <= 0, (view, width)
    assert page.complaints() == []


@pytest.fixture(scope='module')
def examined(window, axe, vaurien):
    """The page with axe-core in it, which its own policy would not run."""
    get(port_of(client_of(vaurien).show('shop')))
    window.driver.execute_cdp_cmd('Page.setBypassCSP', {'enabled': True})
    opened(window, vaurien).run(axe)
    yield window
    window.driver.execute_cdp_cmd('Page.setBypassCSP', {'enabled': False})


@pytest.mark.parametrize('view', VIEWS)
def test_nobody_is_kept_from_using_it(examined, view):
    go(examined, view)
    for summary in examined.all('summary'):
        summary.click()
    for dark in (False, True):
        examined.sized(1400, 1200, dark)
        found = examined.driver.execute_async_script(LOOK)
        told = [(one['id'], one['help'], [node['html'][:200] for node in one['nodes']][:3]) for one in found]
        assert found == [], json.dumps(told, indent=1)
