"""When certificates are valid, read from their bytes, against what made them knows."""
from datetime import UTC, datetime

import pytest
import trustme

from vaurien.net.tls.validity import Validity, certificates, validity

BEGIN, END = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2051, 6, 7, 8, 9, 10, tzinfo=UTC)   # the second in another form
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope='module')
def authority():
    return trustme.CA()


@pytest.mark.parametrize('kind', list(trustme.KeyType), ids=lambda kind: kind.name)
def test_the_time_is_read_in_both_of_its_forms(authority, kind):
    leaf = authority.issue_cert('localhost', not_before=BEGIN, not_after=END, key_type=kind)
    pem = b''.join(part.bytes() for part in leaf.cert_chain_pems) + authority.cert_pem.bytes()
    first, *others = map(validity, certificates(pem))
    assert first == (BEGIN, END)
    assert len(others) == len(leaf.cert_chain_pems)


def test_what_is_wrong_is_said():
    found = Validity(BEGIN, END)
    assert found.wrong_at(NOW) == ''
    assert found.wrong_at(datetime(2060, 1, 1, tzinfo=UTC)) == 'expired on 2051-06-07 08:09:10 UTC'
    assert found.wrong_at(datetime(2000, 1, 1, tzinfo=UTC)) == 'not valid before 2020-01-02 03:04:05 UTC'


def test_every_cut_of_a_certificate_is_refused_or_still_says_when(authority):
    der = certificates(authority.cert_pem.bytes())[0]
    whole = validity(der)
    for end in range(len(der)):
        with pytest.raises(ValueError):     # noqa: PT011 - of any kind
            validity(der[:end])
    assert validity(der) == whole


def test_what_is_no_base64_is_refused():
    with pytest.raises(ValueError, match='no base64'):
        certificates(b'-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n')
