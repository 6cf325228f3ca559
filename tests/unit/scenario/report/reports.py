"""Reports for tests, made of what a recorder was told. Knows no proxy."""
from tests.unit.scenario.counts.test_recorder import Clock
from tests.unit.scenario.counts.test_tally import Seen
from vaurien.scenario.counts.recorder import Planned, Recorder
from vaurien.scenario.report.document import Report, make_report


def reported(trouble: str = '', proxies: tuple[str, ...] = ('default',)) -> Report:
    """Make the report of two phases: one in which all is well, and one in which half of the requests fail."""
    clock = Clock()
    recorder = Recorder(clock)
    for name, answers in (('steady', ('ok', 'ok')), ('out <&> down', ('ok', '503'))):
        recorder.begin(name)
        for number in range(40):
            clock.now += 0.05
            for proxy in proxies:
                fault = 'error/503' if number % 4 == 1 else ''
                recorder.exchange(Seen(answers[number % 2], 0.01 * (1 + number % 10), fault, proxy))
        recorder.fault(proxies[0], 'error 503')
        recorder.phases[-1].proxies[proxies[0]].accepted = 3
        recorder.phases[-1].plan = (Planned('SET * = readonly', 4, int(name != 'steady'), 'why' if name == 'steady' else ''),)
        recorder.end('time')
    recorder.exchange(Seen(''))
    return make_report(recorder, 'an outage', 7, 1e9, 'failed' if trouble else 'time', trouble, ['a note'])
