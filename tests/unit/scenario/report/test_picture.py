"""The picture of a scenario."""
import re
from xml.etree import ElementTree

import msgspec
import pytest

from vaurien.scenario.counts.recorder import Recorder
from vaurien.scenario.report.document import make_report
from vaurien.scenario.report.picture import HEIGHT, WIDTH, draw, linear, logarithmic, step_of

from .reports import reported

SVG = '{http://www.w3.org/2000/svg}'


@pytest.fixture(scope='module')
def drawn():
    return ElementTree.fromstring(draw(reported()))


def test_phases_are_bands_with_their_names(drawn):
    bands = [band for band in drawn.iter(f'{SVG}rect') if band.find(f'{SVG}title') is not None]
    assert [band.find(f'{SVG}title').text for band in bands] == ['steady', 'out <&> down']
    left, right = (float(band.get('x')) for band in bands)
    assert right == pytest.approx(left + float(bands[0].get('width')), abs=0.2)
    assert {'steady', 'out <&> down', 'an outage'} <= {text.text for text in drawn.iter(f'{SVG}text')}


def test_lines_are_told_apart_without_their_color(drawn):
    words = {text.text for text in drawn.iter(f'{SVG}text')}
    assert {'requests/s', 'failed/s', 'faults/s', 'p50', 'p99'} <= words
    curves = [path for path in drawn.iter(f'{SVG}path') if 'L' in path.get('d')]
    assert len(curves) == 5
    assert len({path.get('stroke-dasharray') for path in curves[:3]}) == 3
    assert len({path.get('stroke-dasharray') for path in curves[3:]}) == 2


def test_nothing_is_drawn_outside_the_picture(drawn):
    numbers = [(float(x), float(y)) for path in drawn.iter(f'{SVG}path')
               for x, y in re.findall(r'[ML]([\d.-]+) ([\d.-]+)', path.get('d'))]
    assert len(numbers) > 50
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in numbers)


def test_it_is_read_on_a_dark_and_on_a_light_ground(drawn):
    style = drawn.find(f'{SVG}style').text
    light, dark = style.split('@media (prefers-color-scheme: dark)')
    names = set(re.findall(r'(--[\w]+):', light))
    assert set(re.findall(r'(--[\w]+):', dark)) == names == set(re.findall(r'var\((--\w+)\)', draw(reported())))


def test_nothing_comes_from_elsewhere():
    assert not re.search(r'(href|src|url\()', draw(reported()))


def test_a_scenario_of_nothing_and_one_of_a_moment_are_drawn():
    ElementTree.fromstring(draw(make_report(Recorder(), '<none>', 1, 0.0, 'stopped', '')))
    ElementTree.fromstring(draw(msgspec.structs.replace(reported(), seconds=0.0, timeline=[])))


@pytest.mark.parametrize('highest, step', [(1, 0.2), (9, 2), (10, 2), (24, 5), (60, 20), (12345, 5000)])
def test_ticks_are_round(highest, step):
    assert step_of(highest) == pytest.approx(step)


def test_scales_hold_all_values():
    for scale, values in ((linear([]), []), (linear([3.0, 17.0]), [3.0, 17.0]), (logarithmic([]), []),
                          (logarithmic([0.0004, 2.5]), [0.0004, 2.5]), (logarithmic([0.01]), [0.01])):
        assert len(scale.ticks) >= 2
        assert all(0 <= scale.place(value) <= 1 for value in (*values, *scale.ticks))
