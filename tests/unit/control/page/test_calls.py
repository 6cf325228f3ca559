"""The files of the page: who gets them, and with which headers."""
import re

import pytest

from tests.support.control_client import steering
from tests.support.hosting import spec_for
from vaurien.control.page.calls import POLICY, contents

SPEC = spec_for('127.0.0.1:9')
HTML = {'Accept': 'text/html,application/xhtml+xml,*/*;q=0.8', 'User-Agent': 'Mozilla/5.0'}
MAX_BYTES = 150_000


@pytest.fixture
def server():
    with steering(SPEC) as running:
        yield running


def test_a_browser_gets_the_page_and_all_that_it_names(server):
    answer = server.ask('GET', '/', headers=HTML)
    assert answer.status == 200
    names = set(re.findall(r'"(/page/[^"]+)"', answer.body.decode()))
    seen = set()
    while names - seen:
        name = (names - seen).pop()
        seen.add(name)
        found = server.ask('GET', name, headers={'User-Agent': 'Mozilla/5.0'})
        assert found.status == 200, name
        assert found.headers['content-security-policy'] == POLICY
        names |= {f'/page/{other}' for other in re.findall(r"from '\./([^']+)'", found.body.decode())}
    assert {name.removeprefix('/page/') for name in seen} == set(contents()) - {'index.html'}


def test_everything_else_gets_what_it_always_got(server):
    before = server.ask('GET', '/nowhere')
    for given in ({}, {'Accept': '*/*'}, {'Accept': 'application/json'}):
        answer = server.ask('GET', '/', headers=given)
        assert (answer.status, answer.json) == (404, before.json)
    assert server.ask('GET', '/page/nowhere.js').status == server.ask('GET', '/page/..%2fsurface.py').status == 404


def test_a_head_has_no_body_and_what_is_known_is_not_sent_again(server):
    whole = server.ask('GET', '/page/main.js')
    assert server.ask('HEAD', '/page/main.js').body == b''
    answer = server.ask('GET', '/page/main.js', headers={'If-None-Match': whole.headers['etag']})
    assert (answer.status, answer.body) == (304, b'')


def test_nothing_is_run_that_is_not_a_file_of_ours(server):
    assert 'unsafe' not in POLICY
    page = server.ask('GET', '/', headers=HTML).body.decode()
    assert not re.search(r'<script>|<style|\son\w+=|\sstyle=|https?:', page)
    for name, (body, _) in contents().items():
        if name.endswith('.js'):
            assert not re.search(rb'innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function', body), name


def test_it_is_small():
    assert sum(len(body) for body, _ in contents().values()) <= MAX_BYTES


def test_it_needs_no_token_and_nothing_else_can_do_without():
    with steering(SPEC, token='secret') as server:
        paths = '/', '/page/main.js', '/v1/live', '/pager', '/v1/proxies'
        assert [server.ask('GET', path, headers=HTML).status for path in paths] == [200, 200, 401, 401, 401]
        assert server.ask('POST', '/', headers=HTML).status == 401


@pytest.mark.parametrize('accept, status', [('text/html', 200), ('*/*', 404)])
def test_on_toxiproxys_port_only_the_page_is_for_browsers(accept, status):
    with steering(SPEC, toxiproxy=True) as server:
        assert server.ask('GET', '/', headers={**HTML, 'Accept': accept}).status == status
        assert server.ask('GET', '/proxies', headers=HTML).status == 403
