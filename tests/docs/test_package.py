"""What is shown of the package where packages are listed: its page, its pictures, its links. No network is asked."""
import ast
import re
import subprocess
import sys

import pytest
from readme_renderer import rst

from .blocks import ROOT

#: prints what setup.py says of the package
ASK = 'import setuptools, sys; sys.argv = ["setup.py", "--version"]; setuptools.setup = lambda **said: print({})\n' \
      'exec(compile(open("setup.py").read(), "setup.py", "exec"), {{"__file__": "setup.py", "__name__": "__main__"}})'


def said(expression):
    done = subprocess.run([sys.executable, '-c', ASK.format(expression)], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope='module')
def description():
    return said('said["long_description"]')


def test_the_page_of_the_package_can_be_shown(description):
    shown = rst.render(description)
    assert shown is not None, 'README.rst has something that an index of packages does not take'
    assert '<table' in shown
    assert 'pip install .' in shown


def test_pictures_have_addresses_and_are_there(description):
    found = re.findall(r'image:: (\S+)', description)
    assert found
    for address in found:
        host, path = re.fullmatch(r'https://([^/]+)/[^/]+/vaurien/main/(.*)', address).groups()
        assert host == 'raw.githubusercontent.com'
        assert (ROOT / path).exists()


def test_links_of_the_project_are_of_one_place_and_files_that_they_name_are_there():
    links = ast.literal_eval(said('said["project_urls"]'))
    assert {'Source', 'Issues', 'Changes', 'Documentation'} == links.keys()
    assert all(link.startswith(links['Source']) for link in links.values())
    for link in links.values():
        _, named, path = link.partition('/blob/main/')
        assert not named or (ROOT / path).exists()


@pytest.mark.parametrize('page', ['README.rst', 'docs/howto/ci.rst'])
def test_it_is_said_that_1x_is_what_is_listed_until_3_is_released(page):
    text = ' '.join((ROOT / page).read_text('utf-8').split())
    assert '1.9' in text
    assert '``pip install vaurien`` fetches' in text
    assert '$ pip install vaurien\n' not in (ROOT / page).read_text('utf-8')


def test_the_readme_says_what_others_do_better_and_when_that_was_read():
    text = (ROOT / 'README.rst').read_text('utf-8')
    _, when, others = re.split(r'what others do better than vaurien, by their own documentation in (\w+ 20\d\d):', text)
    assert when
    for name in ('Toxiproxy', 'microburst', 'flakynet', 'eggchaos', 'MockServer', 'fault'):
        assert re.search(rf'^\* {name}\b[^:]*: \w', others, re.MULTILINE), name
