"""From when until when a certificate is valid, as it lies in its DER bytes: the standard library does not tell it of one's own.

RFC 5280 section 4.1. Bytes only.
"""
import base64
import binascii
import re
from datetime import UTC, datetime
from typing import NamedTuple

SEQUENCE, VERSION, UTC_TIME = 0x30, 0xa0, 0x17  #: tags; a time of another tag is a GeneralizedTime
CERTIFICATE = re.compile(rb'-----BEGIN (?:TRUSTED )?CERTIFICATE-----(.*?)-----END (?:TRUSTED )?CERTIFICATE-----', re.DOTALL)


class Validity(NamedTuple):
    """The time that a certificate is valid in, both ends included."""

    begin: datetime
    end: datetime

    def wrong_at(self, now: datetime) -> str:
        """Return what is wrong with the certificate at a time; empty: nothing."""
        if now > self.end:
            return f'expired on {self.end:%Y-%m-%d %H:%M:%S} UTC'
        if now < self.begin:
            return f'not valid before {self.begin:%Y-%m-%d %H:%M:%S} UTC'
        return ''


def certificates(pem: bytes) -> list[bytes]:
    """Return the DER bytes of the certificates of a PEM file, in order.

    Raises:
        ValueError: One is no base64.
    """
    try:
        return [base64.b64decode(b''.join(found.split()), validate=True) for found in CERTIFICATE.findall(pem)]
    except binascii.Error as error:
        raise ValueError(f'a certificate that is no base64: {error}') from None


def validity(der: bytes) -> Validity:
    """Read the time that a certificate is valid in.

    Raises:
        ValueError: It is no certificate.
    """
    certificate = contents(der, 0, SEQUENCE)[0]
    body = contents(certificate, 0, SEQUENCE)[0]
    at = 0
    if body[:1] == bytes((VERSION,)):
        at = contents(body, at)[1]
    for _ in ('serial number', 'signature', 'issuer'):
        at = contents(body, at)[1]
    times = contents(body, at, SEQUENCE)[0]
    _, second = contents(times, 0)
    return Validity(moment(times, 0), moment(times, second))


def contents(data: bytes, at: int, tag: int | None = None) -> tuple[bytes, int]:
    """Return what an element contains, and where the next one begins.

    Raises:
        ValueError: It is cut off, or has another tag.
    """
    if len(data) < at + 2 or tag is not None and data[at] != tag:
        raise ValueError('it is no certificate')
    length, begin = data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7f
        length, begin = int.from_bytes(data[begin:begin + size], 'big'), begin + size
    if begin + length > len(data):
        raise ValueError('it is no certificate')
    return data[begin:begin + length], begin + length


def moment(data: bytes, at: int) -> datetime:
    """Read a time: ``YYMMDDHHMMSSZ`` between 1950 and 2049, or ``YYYYMMDDHHMMSSZ``.

    Raises:
        ValueError: It is none.
    """
    text = contents(data, at)[0].decode('ascii', 'replace')
    if data[at] == UTC_TIME:
        text = ('20' if text < '50' else '19') + text
    return datetime.strptime(text, '%Y%m%d%H%M%SZ').replace(tzinfo=UTC)
