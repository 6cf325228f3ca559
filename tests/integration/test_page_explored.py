"""The page of ``vaurien explore --http`` in a browser: the matrix while it explores, and the findings once it has ended."""
import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests.support.daemon import environment
from tests.support.unit_of_time import PATIENCE

from .test_explore import QUEUE
from .test_page_views import BEYOND, LOOK

#: the name of a list that would be run where it is taken for markup
HOSTILE = '<script>document.title="hacked"</script>'
#: is done twice where the response is lost; from the first fault on it goes on only once the file of this name is gone
PROGRAM = QUEUE.format(retries=1, timeout=None).replace("'jobs'", repr(HOSTILE)) + """
import time
with open('begun', 'a') as begun:
    begun.write('x')
while os.path.exists('hold') and os.path.getsize('begun') > 6:
    time.sleep(0.01)
put()
"""


def explore(folder, port, *options):
    """Start an exploration with a control server, and return it with the server's address."""
    words = ['--through', 'QUEUE_URL', '--classes', 'BC', '--http', '--http-port', '0', *options]
    process = subprocess.Popen(
        [sys.executable, '-m', 'vaurien', 'explore', *words, '--', sys.executable, 'program.py'], cwd=folder, text=True,
        env={**environment(), 'QUEUE_URL': f'redis://127.0.0.1:{port}/0'}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return process, re.search(r'control server on (http://\S+)', process.stdout.readline())[1]


@pytest.fixture
def exploring(redis_server, tmp_path):
    """An exploration that waits at its second fault, the address of its control server, and what lets it go on."""
    (tmp_path / 'program.py').write_text(PROGRAM)
    (tmp_path / 'hold').touch()
    process, control = explore(tmp_path, redis_server.port)
    try:
        yield process, control, (tmp_path / 'hold').unlink
    finally:
        (tmp_path / 'hold').unlink(missing_ok=True)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)


def test_an_exploration_is_watched_cell_by_cell_and_its_findings_stay_when_it_has_gone(window, axe, exploring):
    process, control, go_on = exploring
    window.driver.execute_cdp_cmd('Page.setBypassCSP', {'enabled': True})
    try:
        window.sized(1400, 1200)
        window.open(f'{control}/#/runs')
        window.reads('Trying: level 1, run 2 of 2, 1 found')
        cells = [cell.text for cell in window.all('.matrix tbody td')]
        assert 'running' in cells, cells
        assert HOSTILE in window.text
        assert 'Scenario' not in window.text
        window.run(axe)
        assert_usable(window)
        assert refused(control) == (409, 'vaurien explores, and nothing can be changed meanwhile')
        with urllib.request.urlopen(f'{control}/v1/exploration', timeout=PATIENCE) as answer:
            told = json.load(answer)['exploration']
        assert (told['state'], told['level']) == ('trying', 1)
        assert [failure['category'] for failure in told['failures']] == ['C', 'B']
        go_on()
        window.reads('Ended: ')
        assert process.wait(PATIENCE) == 1
        window.reads('vaurien does not answer; trying again')
        for text in ('FAIL double-effect', 'the response was lost, and the same write was done again', 'What the letters mean'):
            assert text in window.text
        assert 'double-effect' in [cell.text for cell in window.all('.matrix tbody td')]
        window.click(next(summary.text for summary in window.all('.finding summary')))
        assert '--fault' in window.text
        assert_usable(window)
    finally:
        window.driver.execute_cdp_cmd('Page.setBypassCSP', {'enabled': False})


def assert_usable(window):
    """Hold that nothing in it was run as a script, keeps people from using it, or sticks out on the right."""
    assert window.driver.title != 'hacked'
    assert window.run('return document.querySelectorAll("main script").length') == 0
    for dark in (False, True):
        window.sized(1400, 1200, dark)
        found = window.driver.execute_async_script(LOOK)
        assert [(one['id'], [node['html'][:200] for node in one['nodes']]) for one in found] == []
    for width in (3840, 360, 1400):
        window.sized(width, 1200)
        assert window.run(BEYOND) <= 0, width


def refused(control):
    """Try to change something, and return the status and what is said."""
    wanted = urllib.request.Request(f'{control}/v1/reset', b'', method='POST')
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(wanted, timeout=PATIENCE)
    return raised.value.code, json.load(raised.value)['error']


def test_an_address_that_needs_a_token_is_refused_in_a_line_before_anything_is_run(tmp_path):
    words = ['--through', 'A=127.0.0.1:9:redis', '--http', '--http-host', '0.0.0.0']
    done = subprocess.run([sys.executable, '-m', 'vaurien', 'explore', *words, '--', 'touch', 'run'], cwd=tmp_path, text=True,
                          env=environment(), capture_output=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr.count('\n')) == (2, 1), done.stderr
    assert '--http-token' in done.stderr
    assert not (tmp_path / 'run').exists()
