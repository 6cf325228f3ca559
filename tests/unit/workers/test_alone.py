"""What takes one process is refused, in a line that names it; all else is not."""
import pytest

from tests.support.hosting import spec_for
from vaurien.errors import ConfigError
from vaurien.spec import BehaviorSpec, FaultSpec, ProcessSpec, ToxicSpec
from vaurien.workers.alone import check_process, check_proxy

PROCESS = {
    '--fault or --plan': {'plan': (FaultSpec(name='hang'),)}, '--replay': {'replay': 'journal'}, '--otel': {'otel': True},
    '--busy': {'busy_report': True}, '--show': {'show': 'requests'},
}
PROXY = {
    'max_connections': {'max_connections': 1},
    'behavior': {'mix': (BehaviorSpec(name='transient'),)},
    'error warmup': {'mix': (BehaviorSpec(name='error', settings={'warmup': 2}),)},
    'error quota': {'mix': (BehaviorSpec(name='error'),), 'settings': {'error': {'quota': 1}}},
    'bandwidth shared': {'toxics': (ToxicSpec(type='bandwidth', attributes={'rate': 1, 'shared': 'true'}),)},
}


@pytest.mark.parametrize('option', PROCESS)
def test_a_process(option):
    with pytest.raises(ConfigError, match='expected one process: --workers 1') as found:
        check_process(ProcessSpec(**PROCESS[option]))
    assert found.value.option == option


@pytest.mark.parametrize('option', PROXY)
def test_a_proxy(option):
    with pytest.raises(ConfigError, match='expected one process: --workers 1') as found:
        check_proxy(spec_for(1, **PROXY[option]))
    assert found.value.option == option


def test_what_each_may_have_of_its_own_is_not_refused():
    check_process(ProcessSpec(journal='journal', http_times=True, show='faults'))
    check_proxy(spec_for(1, mix=(BehaviorSpec(name='error', settings={'warmup': 0}),),
                         toxics=(ToxicSpec(type='bandwidth', attributes={'rate': 1, 'shared': False}),)))
