"""The page of the control server in a browser, before a real process: what somebody in front of it sees and does."""
import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import fixture
from tests.support.daemon import daemon
from tests.support.driven import axe as axe_core
from tests.support.driven import driven_browser
from tests.support.peers import connect
from tests.support.unit_of_time import PATIENCE
from vaurien.client import Client

browser = fixture(driven_browser)
axe = fixture(axe_core)
#: what axe-core finds
LOOK = 'const done = arguments[arguments.length - 1]; axe.run().then(found => done(found.violations))'
HTTP = ('--http', '--http-port', '0', '--backend', 'embedded', '--protocol', 'http')
HOSTILE = ('GET /<script>document.title="hacked"</script>', 'GET /\u202eleft', 'GET /' + 'x' * 4000)
TWO_PHASES = '[[phase]]\nname = "one"\nfor = "1s"\n\n[[phase]]\nname = "two"\nfor = "60s"\nmix = "100:error"\n'
VIEWS = ('#/', '#/proxy/default', '#/faults', '#/runs')


@pytest.fixture
def vaurien():
    with daemon('--seed', '1', *HTTP) as process:
        yield process


@pytest.fixture(scope='module')
def settled():
    """A process that tests only look at."""
    with daemon('--seed', '1', '--behavior', '20:delay,10:error', *HTTP) as process:
        yield process


@pytest.fixture
def client(vaurien):
    return Client('127.0.0.1', int(vaurien.control.rpartition(':')[2]))


@pytest.fixture
def page(browser, vaurien):
    """The browser, at the page."""
    return opened(browser, vaurien)


@pytest.fixture
def shown(browser, settled):
    """The browser, at the page of the process that tests only look at."""
    return opened(browser, settled)


def opened(browser, vaurien):
    browser.sized(1400, 1200)
    browser.open(f'{vaurien.control}/')
    browser.reads('live')
    browser.complaints()
    return browser


def get(port, path='/'):
    """Ask for something through the proxy, and return the status."""
    try:
        with urllib.request.urlopen(f'http://127.0.0.1:{port}{path}', timeout=PATIENCE) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def talk(port, line):
    """Send a request whose first line is this, await its response, and return the connection."""
    connection = connect(port)
    connection.sendall(line.encode() + b' HTTP/1.1\r\nHost: x\r\n\r\n')
    while b'\r\n\r\n' not in connection.recv(65536):
        pass
    return connection


def go(page, view):
    page.run('location.hash = arguments[0]', view)


# -- what is done from it

def test_a_proxy_is_made_and_a_wrong_one_is_refused_in_words(page, client):
    page.click('New proxy')
    page.fill('Name', 'shop')
    page.fill('Backend', 'nowhere')
    page.click('Make it')
    page.reads('nowhere')
    assert len(client.proxies()) == 1
    page.fill('Backend', 'embedded')
    page.fill('Protocol', 'http')
    page.click('Make it')
    assert page.named('shop', 'h1')
    assert client.show('shop')['backend'] == 'embedded'
    page.reads('vaurienctl create shop --listen 127.0.0.1:0 --backend embedded --protocol http')


def test_a_slider_changes_the_mix_and_clients_fail(page, vaurien, client):
    assert get(vaurien.port) == 200
    go(page, '#/proxy/default')
    page.fill('Another behavior', 'error')
    page.click('Add')
    page.named('options', 'summary').click()
    page.fill('kind', '503')
    page.click('Use these')
    slider = page.named('error', 'input[type=range]')
    page.run('arguments[0].value = 100; arguments[0].dispatchEvent(new Event("input"))', slider)
    page.until(lambda: client.show('default')['behavior'] == 'error', 'the mix is not changed')
    assert get(vaurien.port) == 503
    page.reads('0 % of the requests pass as they are.')
    page.until(lambda: 'error 503' in page.text, 'the fault is not told')


def test_sliders_add_up_to_a_hundred(page, vaurien, client):
    client.change('default', mix='60:delay,30:error')
    go(page, '#/proxy/default')
    slider = page.named('error', 'input[type=range]')
    page.run('arguments[0].value = 90; arguments[0].dispatchEvent(new Event("input"))', slider)
    page.until(lambda: client.show('default')['behavior'] == '60:delay,40:error', 'the mix is not changed')
    assert page.field('Percent of error').get_attribute('value') == '40'


def test_a_toxic_is_added_changed_and_removed(page, vaurien, client):
    go(page, '#/proxy/default')
    page.click('Add a toxic')
    page.fill('latency', '7')
    page.click('Add it')
    page.until(lambda: [toxic['attributes']['latency'] for toxic in client.toxics('default')] == [7], 'there is no toxic')
    page.reads('vaurienctl add-toxic default latency latency=7')
    page.click('Change')
    page.fill('latency', '9')
    page.click('Change it')
    page.until(lambda: client.toxics('default')[0]['attributes']['latency'] == 9, 'it is not changed')
    page.click('Remove latency_downstream')
    page.until(lambda: not client.toxics('default'), 'it is still there')


def test_a_link_is_chosen_and_taken_away(page, vaurien, client):
    go(page, '#/proxy/default')
    for name, count in (('3g', 6), ('none', 0)):
        page.fill('Link', name)
        button = page.field('Link').find_element('xpath', './ancestor::div[@class="adding"]//button')
        button.click()
        page.until(lambda count=count: len(client.toxics('default')) == count, f'{name} is not there')


def test_a_session_is_killed(page, vaurien, client):
    with talk(vaurien.port, 'GET /') as connection:
        go(page, '#/proxy/default')
        page.click('End session 1')
        page.until(lambda: not client.sessions('default'), 'the session lives on')
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_fault_is_planned_for_the_next_request(page, vaurien, client):
    go(page, '#/proxy/default')
    page.fill('The request', 'GET /orders*')
    page.fill('gets', '429')
    page.click('Plan it')
    page.named('Remove entry 1', 'button')
    assert [get(vaurien.port, path) for path in ('/', '/orders/1', '/orders/1')] == [200, 429, 404]
    page.reads('applied 1 times')


def test_requests_are_seen_and_filtered_and_stand_still_in_a_pause(page, vaurien):
    go(page, '#/proxy/default')
    page.reads('Every request is seen.')
    for path in ('/items/1', '/items/2', '/orders'):
        get(vaurien.port, path)
    page.reads('GET /items/?')
    page.reads('GET /orders')
    page.field('Show requests that this is found in').send_keys('items/[0-9?]')
    page.until(lambda: 'GET /orders' not in page.text and 'GET /items/2' in page.text, 'they are not filtered')
    page.click('Pause')
    page.field('Show requests that this is found in').clear()
    get(vaurien.port, '/later')
    page.until(lambda: page.run('return performance.now()') > 3000, 'time stands still')
    assert '/later' not in page.text


def test_a_scenario_is_refused_and_played_with_its_phases_and_report(page, vaurien, client):
    go(page, '#/runs')
    page.fill('Scenario in TOML', '[[phase]]\nname = "x"\nfor = "soon"\n')
    page.click('Play it')
    page.reads('soon')
    page.fill('Scenario in TOML', TWO_PHASES)
    page.click('Play it')
    page.reads('phase 2 of 2, two')
    assert client.show('default')['behavior'] == 'error'
    page.click('End it')
    page.named('Report', 'h3')
    assert client.show('default')['behavior'] == 'dummy'


def test_switches_disable_a_proxy_and_enable_it_where_it_was(page, vaurien, client):
    go(page, '#/proxy/default')
    for there in (False, True):
        page.click('Enabled')
        page.until(lambda there=there: client.show('default')['enabled'] is there, 'it is not switched')
    assert get(vaurien.port) == 200


# -- what it says of the process

def test_it_says_that_vaurien_has_gone_and_goes_on_when_it_is_back(browser, client, vaurien):
    browser.open(f'{vaurien.control}/')
    browser.reads('live')
    port = vaurien.control.rpartition(':')[2]
    vaurien.process.kill()
    vaurien.wait()
    browser.reads('vaurien does not answer; trying again')
    with daemon('--http', '--http-port', port, '--backend', 'embedded', '--protocol', 'http'):
        browser.until(lambda: 'trying again' not in browser.text and 'live' in browser.text, 'it is not back')


def test_a_token_is_asked_for_once_and_never_in_an_address(browser):
    with daemon('--http-token', 'open sesame', *HTTP) as vaurien:
        browser.open(f'{vaurien.control}/')
        browser.reads('This vaurien was started with a token.')
        browser.fill('Token', 'wrong')
        browser.click('Open')
        browser.reads('This is not the token of this vaurien.')
        browser.fill('Token', 'open sesame')
        browser.click('Open')
        browser.reads('live')
        browser.driver.refresh()
        browser.reads('live')
        addresses = browser.run('return performance.getEntriesByType("resource").map(entry => entry.name).concat(location.href)')
        assert not [address for address in addresses if 'sesame' in address]


def test_five_hundred_proxies_are_shown_a_window_at_a_time(browser):
    with daemon('--fleet-only', '--http', '--http-port', '0', proxies=0) as vaurien:
        client = Client('127.0.0.1', int(vaurien.control.rpartition(':')[2]))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: client.create(f'proxy-{number:03}', backend='embedded', enabled=False), range(500)))
        browser.sized(1400, 1000)
        browser.open(f'{vaurien.control}/')
        browser.reads('500 of 500')
        browser.reads('proxy-000')
        assert len(browser.all('.row')) < 40
        browser.run('scrollTo(0, document.body.scrollHeight)')
        browser.reads('proxy-499')
        browser.fill('Show proxies with', '-24')
        browser.reads('10 of 500')
        assert len(browser.all('.row')) == 10


# -- what it withstands

def test_hostile_names_are_text(page, vaurien, client):
    go(page, '#/proxy/default')
    client.change('default', mix='100:error', settings={'error': {'kind': '503'}})
    for name in HOSTILE:
        talk(vaurien.port, name).close()
    page.reads('<script>document.title=')
    page.reads('\\u202eleft')
    page.reads('x' * 200)
    assert 'hacked' not in page.driver.title
    assert page.run('return document.querySelectorAll("main script").length') == 0
    assert page.run('return document.documentElement.scrollWidth <= document.documentElement.clientWidth')
    assert page.complaints() == []


@pytest.mark.parametrize('view', VIEWS)
def test_the_policy_is_kept_and_nothing_sticks_out(shown, view):
    page = shown
    for width in (360, 1400, 3840):
        page.sized(width, 900)
        go(page, view)
        page.one('h1')
        assert page.run('return document.documentElement.scrollWidth - document.documentElement.clientWidth') <= 0, width
    assert page.complaints() == []


@pytest.mark.parametrize('dark', [False, True], ids=['light', 'dark'])
@pytest.mark.parametrize('view', VIEWS)
def test_nobody_is_kept_from_using_it(shown, axe, settled, view, dark):
    page, vaurien = shown, settled
    page.sized(1400, 1200, dark)
    go(page, view)
    page.one('h1')
    get(vaurien.port)
    # run by the driver, as the page's own policy runs nothing of others
    page.driver.execute_cdp_cmd('Page.setBypassCSP', {'enabled': True})
    page.driver.refresh()
    page.one('h1')
    page.reads('live')
    for summary in page.all('summary'):
        summary.click()
    page.run(axe)
    found = page.driver.execute_async_script(LOOK)
    page.driver.execute_cdp_cmd('Page.setBypassCSP', {'enabled': False})
    told = [(one['id'], one['help'], [node['html'][:200] for node in one['nodes']][:3]) for one in found]
    assert found == [], json.dumps(told, indent=1)
