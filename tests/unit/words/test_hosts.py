"""The hosts whose connections a forward proxy opens, as users write them."""
import pytest

from vaurien.address import Address
from vaurien.words.hosts import MAX_HOSTS, find_host, one_form, origin, read_hosts, settle_hosts

SAME = {
    'API.Stripe.com.': 'api.stripe.com',
    ' a.test , *.OpenAI.com:443 ': 'a.test,*.openai.com:443',
    '[::0001]:99=[::1]:8443': '[::1]:99=[::1]:8443',
    '127.0.0.1': '127.0.0.1',
    '*': '*',
    'münchen.test': 'xn--mnchen-3ya.test',
    'a.test=127.0.0.1': 'a.test=127.0.0.1',
    'a.test=http://mock:12111/': 'a.test=http://mock:12111',
    'a.test=https://mock': 'a.test=https://mock:443',
    '': '',
}
WRONG = ('a b', '*.', 'a:0', 'a:99999', 'x*.y', 'a=', 'a,', '1.2.3', '*.1.2.3.4', 'a=b=c', 'http://a', 'a=ftp://b', 'a=b/c',
         '[1.2.3.4]', '::1', 'a..b', '-a.test', 'a/b', 'x' * 64 + '.test', ','.join(['a'] * (MAX_HOSTS + 1)))


@pytest.mark.parametrize('text', SAME)
def test_a_list_has_one_form(text):
    settled = settle_hosts(text)
    assert settled == SAME[text]
    assert settle_hosts(settled) == settled


@pytest.mark.parametrize('text', WRONG, ids=range(len(WRONG)))
def test_what_is_no_list_of_hosts_is_refused(text):
    assert not is_list(text)


def is_list(text):
    try:
        read_hosts(text)
    except ValueError:
        return False
    return True


MEANT = {
    'a.test': {('a.test', 80): True, ('a.test', 443): True, ('a.test', 8080): False, ('b.a.test', 443): False},
    'a.test:8080': {('a.test', 8080): True, ('a.test', 443): False},
    '*.a.test': {('b.a.test', 443): True, ('c.b.a.test', 80): True, ('a.test', 443): False, ('ba.test', 443): False},
    '*': {('a.test', 443): True, ('127.0.0.1', 80): True, ('a.test', 22): False},
    '*:22': {('a.test', 22): True, ('a.test', 443): False},
    '[::1]': {('::1', 443): True, ('::2', 443): False},
}


@pytest.mark.parametrize('text', MEANT)
def test_an_entry_means_its_host_at_its_ports(text):
    hosts = read_hosts(text)
    assert {where: find_host(hosts, *where) is not None for where in MEANT[text]} == MEANT[text]


def test_the_entry_that_says_most_of_a_connection_says_where_it_goes():
    hosts = read_hosts('*,*.b.test=1.1.1.1,*.a.b.test=2.2.2.2,a.test=127.0.0.2,a.test:443=127.0.0.1:8443,x.a.b.test=3.3.3.3')
    found = {name: find_host(hosts, name, 80).to for name in ('c.test', 'c.b.test', 'c.a.b.test', 'x.a.b.test')}
    assert found == {'c.test': '', 'c.b.test': '1.1.1.1', 'c.a.b.test': '2.2.2.2', 'x.a.b.test': '3.3.3.3'}
    found = {port: find_host(hosts, 'a.test', port).backend(Address('a.test', port)) for port in (80, 443)}
    assert found == {80: Address('127.0.0.2', 80), 443: Address('127.0.0.1', 8443)}
    assert find_host(hosts, 'b.test', 80).backend(Address('b.test', 80)) == Address('b.test', 80)


def test_an_origin_leaves_out_the_port_that_its_scheme_has():
    assert [origin('https', 'a.test', 443), origin('http', '::1', 80), origin('http', '::1', 443)] == \
        ['https://a.test', 'http://[::1]', 'http://[::1]:443']


def test_a_numeric_host_is_no_name_of_its_own():
    assert [one_form('[::ffff:0:0]'), one_form('10.0.0.1')] == ['::ffff:0:0', '10.0.0.1']
