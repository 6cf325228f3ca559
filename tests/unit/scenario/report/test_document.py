"""The report as data, and its schema in the docs."""
import json
from pathlib import Path

import msgspec
import pytest

from vaurien.scenario.counts.recorder import Recorder
from vaurien.scenario.report.document import Report, make_report, schema

from .reports import reported

SCHEMA = Path(__file__).parents[4] / 'docs' / 'reference' / 'scenario-report.schema.json'


def test_phases_and_their_sum_are_told():
    report = reported(proxies=('a', 'b'))
    assert [(phase.name, phase.total.requests, phase.total.failed) for phase in report.phases] == [
        ('steady', 80, 0), ('out <&> down', 80, 40)]
    assert [phase.proxies['a'].requests for phase in report.phases] == [40, 40]
    total = report.total
    assert (total.requests, total.failed, total.faults, total.accepted) == (160, 40, {'error 503': 2}, 6)
    assert (report.seconds, report.after.requests) == (pytest.approx(4), 1)
    errors = [(error.kind, error.source, error.fault, error.count) for error in report.total.errors]
    assert errors == [('503', 'backend', '', 20), ('503', 'vaurien', 'error/503', 20)]


def test_latencies_are_those_of_requests_that_were_answered():
    found = reported().total.latency
    assert (found.p50, found.p90, found.p99) == pytest.approx((0.05, 0.09, 0.1), rel=0.011)
    assert found.max == pytest.approx(0.1)


def test_the_timeline_has_all_that_happened_in_phases():
    report = reported()
    assert sum(moment.requests for moment in report.timeline) == 80
    assert sum(moment.failed for moment in report.timeline) == 20
    assert sum(moment.faults for moment in report.timeline) == 2
    assert len(report.timeline) * report.width == pytest.approx(report.seconds, abs=2 * report.width)


def test_a_report_of_nothing_can_be_made():
    report = make_report(Recorder(), 'nothing', 1, 0.0, 'stopped', '')
    assert (report.total.requests, report.total.latency, report.phases, report.timeline) == (0, None, [], [])


def test_a_report_is_read_again_as_it_was_written():
    report = reported('it broke')
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


def test_the_schema_of_the_docs_is_that_of_the_report():
    assert json.loads(SCHEMA.read_text('utf-8')) == schema(), 'write schema() into it, indented by 1'
