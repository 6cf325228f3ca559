"""A plan meets exactly the request that it means; ``make plans`` shows it in a thousand runs of each case."""
import pytest

from tests.plans.run import CASES, played

RUNS = 12


@pytest.mark.parametrize('name', CASES)
def test_exactly_the_request_that_is_meant_gets_it(name, daemon, request):
    server = request.getfixturevalue(CASES[name].server)
    assert len(set(played(name, daemon, server, RUNS))) > RUNS / 2     # and each time another one
