"""The option ``starttls``: who has it, and what is said where TLS begins. The protocols' own parts are tested with real
servers."""
import pytest

from vaurien.protocols import Protocol
from vaurien.protocols.starttls import begins

TAKE_IT = ('mysql', 'postgres', 'smtp')


@pytest.mark.parametrize('name', Protocol.names())
def test_those_take_it_whose_connections_begin_in_the_clear(name):
    option = Protocol.options(Protocol.get(name)).get('starttls')
    assert (option is not None) == (name in TAKE_IT)
    assert option is None or (option.default, option.choices) == ('relay', ('relay', 'refuse', 'direct'))


def test_the_reason_names_the_way_out():
    assert begins('mysql') == 'TLS begins; with --protocol-mysql-starttls refuse clients that need no TLS go on in the clear'
