"""Where the time went, in lines."""
from vaurien.outputs.busy.owners import IDLE, Owner
from vaurien.outputs.busy.report import MOST, lines
from vaurien.outputs.busy.sampler import Report, Share


def test_the_report_names_what_had_most():
    slow = Owner('a', 'redis', 'behavior slow')
    report = Report(10.0, 1000, [Share(slow, 6.0, 0.6), Share(Owner('', '', IDLE), 4.0, 0.4)], (0.131, slow))
    assert list(lines(report)) == [
        'busy for 60.0% of 10.0 s; all else was held up for 131 ms at most, by behavior slow of a, redis',
        '  60.0%     6.00 s  behavior slow of a, redis']


def test_what_had_little_comes_together():
    shares = [Share(Owner(f'p{number}', 'tcp', 'relay'), 1.0, 0.05) for number in range(MOST + 2)]
    assert list(lines(Report(20.0, 2000, shares, None)))[-1] == '  10.0%     2.00 s  2 more'
    assert list(lines(Report(0.0, 0, [], None))) == ['busy for 0.0% of 0.0 s']
