"""The dashboard and the alerts ask for nothing that ``/metrics`` does not have."""
import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from vaurien.outputs.prometheus import Metrics
from vaurien.outputs.times import Times
from vaurien.proxies.fleet import Fleet

FOLDER = Path(__file__).parents[2] / 'docs' / 'examples' / 'grafana'
SUFFIXES = {'counter': ('_total',), 'histogram': ('_bucket', '_count', '_sum'), 'gauge': ('',), 'info': ('_info',)}


@pytest.fixture(scope='module')
def known():
    """The names of all samples that there can be."""
    fleet = Fleet(1)
    families = text_string_to_metric_families(Metrics(fleet, Times(fleet)).text().decode())
    return {family.name + suffix for family in families for suffix in SUFFIXES.get(family.type, ('',))}


def asked():
    board = json.loads((FOLDER / 'dashboard.json').read_text('utf-8'))
    yield from (target['expr'] for panel in board['panels'] for target in panel['targets'])
    for group in yaml.safe_load((FOLDER / 'alerts.yml').read_text('utf-8'))['groups']:
        yield from (rule['expr'] for rule in group['rules'])


@pytest.mark.parametrize('expression', list(asked()))
def test_an_expression_names_only_what_is_told(expression, known):
    names = set(re.findall(r'\bvaurien_\w+', expression))
    assert names
    assert names <= known
    assert expression.count('(') == expression.count(')')


def test_panels_lie_beside_each_other_and_not_over():
    taken = set()
    for panel in json.loads((FOLDER / 'dashboard.json').read_text('utf-8'))['panels']:
        place = panel['gridPos']
        cells = {(x, y) for x in range(place['x'], place['x'] + place['w']) for y in range(place['y'], place['y'] + place['h'])}
        assert not cells & taken, panel['title']
        assert max(x for x, _ in cells) < 24
        taken |= cells
