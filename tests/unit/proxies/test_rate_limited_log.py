"""Warnings that many clients cause at once: one, and later how many there were."""
import logging

from vaurien.proxies import rate_limited_log
from vaurien.proxies.rate_limited_log import INTERVAL, RateLimitedLog


def test_the_first_is_logged_and_the_next_one_counts_those_left_out(monkeypatch, caplog):
    now = [100.0]
    monkeypatch.setattr(rate_limited_log.time, 'monotonic', lambda: now[0])
    log = RateLimitedLog(logging.getLogger('it'))
    for _ in range(4):
        log.warning('%s is full', 'it')
    now[0] += INTERVAL
    log.warning('%s is full', 'it')
    now[0] += INTERVAL
    log.warning('%s is full', 'it')
    assert [record.getMessage() for record in caplog.records] == ['it is full', 'it is full (3 more like it)', 'it is full']
