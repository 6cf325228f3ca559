"""The page of the control server in a browser, before a real process: what is done from it, and what that does."""
import pytest
from selenium.webdriver.common.keys import Keys

from tests.support.paged import a_proxy, client_of, get, go, opened, shared, talk

TWO_PHASES = '[[phase]]\nname = "one"\nfor = "1s"\n\n[[phase]]\nname = "two"\nfor = "60s"\nmix = "100:error"\n'
#: waits until the charts are drawn anew
TOLD = """const seen = new MutationObserver(() => { seen.disconnect(); arguments[0](); });
seen.observe(document.querySelector('.charts'), {subtree: true, attributes: true, childList: true});"""
SLIDE = 'arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event("input"))'


@pytest.fixture(scope='module')
def vaurien():
    with shared() as process:
        yield process


@pytest.fixture(scope='module')
def client(vaurien):
    return client_of(vaurien)


@pytest.fixture
def proxy(client):
    """A proxy of this test alone."""
    with a_proxy(client) as made:
        yield made


@pytest.fixture
def page(window, vaurien, proxy):
    """The browser, where all about the proxy is."""
    return opened(window, vaurien, proxy.view)


def test_a_proxy_is_made_and_a_wrong_one_is_refused_in_words(page, proxy, client):
    go(page, '#/')
    page.click('New proxy')
    page.fill('Name', 'kiosk')
    page.fill('Backend', 'nowhere')
    page.click('Make it')
    page.reads('nowhere')
    assert [one['name'] for one in client.proxies()] == [proxy.name]
    page.fill('Backend', 'embedded')
    page.fill('Protocol', 'http')
    page.click('Make it')
    assert page.named('kiosk', 'h1')
    assert client.show('kiosk')['backend'] == 'embedded'
    page.reads('vaurienctl create kiosk --listen 127.0.0.1:0 --backend embedded --protocol http')
    page.click('Remove this proxy')
    page.until(lambda: [one['name'] for one in client.proxies()] == [proxy.name], 'it is still there')


def test_a_slider_changes_the_mix_and_clients_fail(page, proxy, client):
    assert get(proxy.port) == 200
    page.fill('Another behavior', 'error')
    page.click('Add')
    page.named('options', 'summary').click()
    page.fill('kind', '503')
    page.click('Use these')
    page.run(SLIDE, page.named('error', 'input[type=range]'), 100)
    page.until(lambda: client.show(proxy.name)['behavior'] == 'error', 'the mix is not changed')
    assert get(proxy.port) == 503
    page.reads('0 % of the requests pass as they are.')
    page.until(lambda: 'error 503' in page.text, 'the fault is not told')


def test_sliders_add_up_to_a_hundred(page, proxy, client):
    client.change(proxy.name, mix='60:delay,30:error')
    page.run(SLIDE, page.named('error', 'input[type=range]'), 90)
    page.until(lambda: client.show(proxy.name)['behavior'] == '60:delay,40:error', 'the mix is not changed')
    assert page.field('Percent of error').get_attribute('value') == '40'


def test_a_toxic_is_added_changed_and_removed(page, proxy, client):
    page.click('Add a toxic')
    page.fill('latency', '7')
    page.click('Add it')
    page.until(lambda: [toxic['attributes']['latency'] for toxic in client.toxics(proxy.name)] == [7], 'there is no toxic')
    page.reads(f'vaurienctl add-toxic {proxy.name} latency latency=7')
    page.click('Change')
    page.fill('latency', '9')
    page.click('Change it')
    page.until(lambda: client.toxics(proxy.name)[0]['attributes']['latency'] == 9, 'it is not changed')
    page.click('Remove latency_downstream')
    page.until(lambda: not client.toxics(proxy.name), 'it is still there')


def test_a_link_is_chosen_and_taken_away(page, proxy, client):
    for name, count in (('3g', 6), ('none', 0)):
        page.fill('Link', name)
        button = page.field('Link').find_element('xpath', './ancestor::div[@class="adding"]//button')
        button.click()
        page.until(lambda count=count: len(client.toxics(proxy.name)) == count, f'{name} is not there')


def test_one_session_is_killed_and_then_all(page, proxy, client):
    with talk(proxy.port, 'GET /') as first, talk(proxy.port, 'GET /') as second:
        page.click('End session 1')
        page.until(lambda: len(client.sessions(proxy.name)) == 1, 'the session lives on')
        with pytest.raises(ConnectionResetError):
            first.recv(1)
        page.click('End all')
        page.until(lambda: not client.sessions(proxy.name), 'the other one lives on')
        with pytest.raises(ConnectionResetError):
            second.recv(1)


def test_a_fault_is_planned_for_the_next_request(page, proxy):
    page.fill('The request', 'GET /orders*')
    page.fill('gets', '429')
    page.click('Plan it')
    page.named('Remove entry 1', 'button')
    assert [get(proxy.port, path) for path in ('/', '/orders/1', '/orders/1')] == [200, 429, 404]
    page.reads('applied 1 times')
    page.click('Remove entry 1')


def test_requests_are_seen_and_filtered_and_stand_still_in_a_pause(page, proxy):
    page.reads('Every request is seen.')
    for path in ('/items/1', '/items/2', '/orders'):
        get(proxy.port, path)
    page.reads('GET /items/?')
    page.reads('GET /orders')
    page.field('Show requests that this is found in').send_keys('items/[0-9?]')
    page.until(lambda: 'GET /orders' not in page.text and 'GET /items/2' in page.text, 'they are not filtered')
    page.click('Pause')
    page.field('Show requests that this is found in').send_keys(Keys.BACKSPACE * 20)
    get(proxy.port, '/later')
    for _ in range(2):      # what is told once a second comes twice: the request is in it
        page.driver.execute_async_script(TOLD)
    assert 'GET /items/2' in page.text
    assert '/later' not in page.text
    page.click('Pause')
    page.reads('/later')


def test_a_scenario_is_refused_and_played_with_its_phases_and_report(page, proxy, client):
    go(page, '#/runs')
    page.fill('Scenario in TOML', '[[phase]]\nname = "x"\nfor = "soon"\n')
    page.click('Play it')
    page.reads('soon')
    page.fill('Scenario in TOML', TWO_PHASES)
    page.click('Play it')
    page.reads('phase 2 of 2, two')
    assert client.show(proxy.name)['behavior'] == 'error'
    page.click('End it')
    page.named('Report', 'h3')
    assert client.show(proxy.name)['behavior'] == 'dummy'


def test_switches_disable_a_proxy_and_enable_it_where_it_was(page, proxy, client):
    for there in (False, True):
        page.click('Enabled')
        page.until(lambda there=there: client.show(proxy.name)['enabled'] is there, 'it is not switched')
    assert get(proxy.port) == 200
