"""An authority in memory, and the certificates that it issues: good ones, and all that a client should refuse. Opens no file.

RFC 5280 (certificates, section 4.2.1.10: name constraints). Keys are of ECDSA on P-256 where nothing else is said.
"""
import ipaddress
import ssl
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from ....errors import VaurienError
from . import secret

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey

EXTRA = 'vaurien[tls]'      #: what brings the means to make certificates
MISSING = f'certificates of vaurien\'s own need what {EXTRA} brings: pip install "{EXTRA}"'
MAX_LEAF = timedelta(days=398)  #: of a leaf; what lasts longer is refused by some clients
ROOT = timedelta(days=3650)     #: of an authority that is kept
SKEW = timedelta(days=1)        #: that a clock of a client may be late
ORGANIZATION = 'vaurien'
MAX_COMMON_NAME = 64    #: [characters], RFC 5280 appendix A.1
#: what an authority that is constrained may name beside its names: where proxies listen
LOOPBACK = ('localhost', '127.0.0.1', '::1')


class AuthorityError(VaurienError):
    """There is no authority that can be used; the message says why in one line."""


class KeyType(Enum):
    """The kinds of keys."""

    ECDSA = 'ecdsa'
    RSA = 'rsa-2048'
    WEAK_RSA = 'rsa-1024'


class Issuer(Enum):
    """Who signs a leaf."""

    AUTHORITY = 'authority'         #: this one, which its clients trust
    INTERMEDIATE = 'intermediate'   #: one that is signed by this one
    UNKNOWN = 'unknown'             #: a root that nobody trusts
    ITSELF = 'itself'               #: its own key


class Leaf(NamedTuple):
    """A certificate for a server.

    Args:
        chain: It, and those between it and its root, in PEM.
        key: Its key, in PEM.
        not_after: When it ends.
    """

    chain: bytes
    key: bytes
    not_after: datetime

    def show_by(self, context: ssl.SSLContext) -> None:
        """Let a context show it. Its key is never in a file that has a name, where the system can do without."""
        secret.load(context, self.chain, self.key)


class Signed(NamedTuple):
    """A certificate and its key."""

    certificate: 'x509.Certificate'
    key: 'PrivateKey'


class Authority:
    """An authority with its key.

    Args:
        root: Its certificate and key.

    Attributes:
        certificate: Its certificate in PEM; it is no secret.
    """

    def __init__(self, root: Signed) -> None:
        self._root = root
        self._others: dict[Issuer, Signed] = {}
        self.certificate = pem(root.certificate)

    @classmethod
    def make(cls, name: str = "vaurien's own authority", names: Iterable[str] | None = None,
             lasts: timedelta = ROOT) -> 'Authority':
        """Make one, in memory.

        Args:
            name: What it is called; a random number is added to it.
            names: Those that it may issue certificates for, beside ``LOOPBACK``: hosts, with all that is below them, and
                numeric addresses; ``*.example.com`` is as ``example.com``. None: all.
            lasts: How long it is valid.

        Raises:
            AuthorityError: The extra is not installed.
        """
        now = datetime.now(UTC)
        x509 = _x509()
        key = make_key(KeyType.ECDSA)
        subject = named(f'{name} {x509.random_serial_number() % 0x1_0000_0000:08x}')
        extensions = [(x509.BasicConstraints(ca=True, path_length=1), True), (_usage(key_cert_sign=True, crl_sign=True), True)]
        if names is not None:
            extensions.append((constraints([*names, *LOOPBACK]), True))
        return cls(signed(Request(subject, key, (now - SKEW, now + lasts), extensions), None))

    @classmethod
    def load(cls, certificate: bytes, key: bytes) -> 'Authority':
        """Make one of PEM.

        Raises:
            AuthorityError: The extra is not installed.
            ValueError: One is damaged, or they do not belong to each other.
        """
        x509 = _x509()
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        try:
            found, private = x509.load_pem_x509_certificate(certificate), load_pem_private_key(key, None)
        except (UnsupportedAlgorithm, TypeError) as error:      # a key that is encrypted is a TypeError
            raise ValueError(str(error)) from None
        if private.public_key() != found.public_key():
            raise ValueError('the key is not that of the certificate')
        return cls(Signed(found, private))  # type: ignore[arg-type]

    @property
    def key(self) -> bytes:
        """Its key in PEM: a secret."""
        return key_pem(self._root.key)

    @property
    def not_after(self) -> datetime:
        """When it ends."""
        return self._root.certificate.not_valid_after_utc

    def leaf(self, names: Sequence[str], not_before: datetime | None = None, not_after: datetime | None = None,
             key_type: KeyType = KeyType.ECDSA, issuer: Issuer = Issuer.AUTHORITY, complete: bool = True) -> Leaf:
        """Issue a certificate for a server.

        Args:
            names: The names that it is for: hosts, ``*.example.com``, numeric addresses. At least one.
            not_before, not_after: When it begins and ends, with a time zone; None: a day ago, or 398 days before an end that
                is past; and 398 days after its beginning, or when the authority ends.
            key_type: What its key is; a context shows one of ``WEAK_RSA`` only after ``set_ciphers('DEFAULT:@SECLEVEL=0')``.
            issuer: Who signs it.
            complete: Whether the certificates between it and its root come with it; of ``UNKNOWN`` that root does too, so that
                a client sees whose it is.

        Raises:
            ValueError: A name cannot stand in a certificate.
        """
        signer = None if issuer is Issuer.ITSELF else self._signer(issuer)
        times = period(not_before, not_after, datetime.now(UTC), self.not_after)
        key = make_key(key_type)
        x509 = _x509()
        from cryptography.x509.oid import ExtendedKeyUsageOID
        extensions = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.SubjectAlternativeName([general_name(name) for name in names]), False),
            (_usage(digital_signature=True, key_encipherment=key_type is not KeyType.ECDSA), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)]
        made = signed(Request(named(subject_of(names[0])), key, times, extensions), signer)
        more = [signer.certificate] if complete and signer is not None and issuer is not Issuer.AUTHORITY else []
        return Leaf(b''.join(map(pem, [made.certificate, *more])), key_pem(key), times[1])

    def _signer(self, issuer: Issuer) -> Signed:
        """Return who signs, made where it is needed for the first time."""
        if issuer is Issuer.AUTHORITY:
            return self._root
        if issuer not in self._others:
            if issuer is Issuer.UNKNOWN:
                self._others[issuer] = Authority.make('an authority that nobody trusts')._root
            else:
                x509 = _x509()
                begin, end = self._root.certificate.not_valid_before_utc, self.not_after
                extensions = [(x509.BasicConstraints(ca=True, path_length=0), True),
                              (_usage(key_cert_sign=True, crl_sign=True), True)]
                request = Request(named('an authority below that of vaurien'), make_key(KeyType.ECDSA), (begin, end), extensions)
                self._others[issuer] = signed(request, self._root)
        return self._others[issuer]


def period(begin: datetime | None, end: datetime | None, now: datetime, latest: datetime) -> tuple[datetime, datetime]:
    """Complete the time that a leaf is valid in.

    Args:
        begin, end: What is said; None: nothing.
        now: The time.
        latest: When the authority ends.
    """
    begin = begin or (now - SKEW if end is None or end > now else end - MAX_LEAF)
    if end is None:
        end = min(begin + MAX_LEAF, latest) if begin < latest else begin + MAX_LEAF
    return begin, end


# -- what the extra brings

def _x509() -> Any:
    """Return what makes certificates; its import takes some 50 ms.

    Raises:
        AuthorityError: The extra is not installed.
    """
    try:
        from cryptography import x509
    except ImportError:
        raise AuthorityError(MISSING) from None
    return x509


class Request(NamedTuple):
    """What is to be signed.

    Args:
        subject: Whose it is.
        key: Its key.
        times: When it begins and ends.
        extensions: What it says, each with whether it is critical.
    """

    subject: 'x509.Name'
    key: 'PrivateKey'
    times: tuple[datetime, datetime]
    extensions: list[tuple[Any, bool]]


def signed(request: Request, signer: Signed | None) -> Signed:
    """Make a certificate; ``signer`` None: it signs itself."""
    x509 = _x509()
    from cryptography.hazmat.primitives.hashes import SHA256
    public, by = request.key.public_key(), signer or Signed(None, request.key)  # type: ignore[arg-type]
    builder = x509.CertificateBuilder().subject_name(request.subject) \
        .issuer_name(signer.certificate.subject if signer else request.subject) \
        .public_key(public).serial_number(x509.random_serial_number()) \
        .not_valid_before(request.times[0]).not_valid_after(request.times[1])
    for extension, critical in request.extensions:
        builder = builder.add_extension(extension, critical=critical)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False)
    return Signed(builder.sign(by.key, SHA256()), request.key)


def make_key(key_type: KeyType) -> 'PrivateKey':
    """Make a key."""
    _x509()
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    if key_type is KeyType.ECDSA:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, int(key_type.value.removeprefix('rsa-')))


def pem(certificate: 'x509.Certificate') -> bytes:
    """Write a certificate."""
    from cryptography.hazmat.primitives.serialization import Encoding
    return certificate.public_bytes(Encoding.PEM)


def key_pem(key: 'PrivateKey') -> bytes:
    """Write a key, not encrypted."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _usage(**allowed: bool) -> Any:
    """Return what a key may be used for."""
    uses = ('digital_signature', 'content_commitment', 'key_encipherment', 'data_encipherment', 'key_agreement', 'key_cert_sign',
            'crl_sign', 'encipher_only', 'decipher_only')
    return _x509().KeyUsage(**{use: allowed.get(use, False) for use in uses})


def named(common_name: str) -> Any:
    """Return a subject."""
    x509 = _x509()
    from cryptography.x509.oid import NameOID
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
                      x509.NameAttribute(NameOID.COMMON_NAME, common_name[:MAX_COMMON_NAME] or ORGANIZATION)])


def ascii_name(name: str) -> str:
    """Write the name of a host as it stands in certificates.

    Raises:
        ValueError: It is none.
    """
    return name if name.isascii() else name.encode('idna').decode()


def subject_of(name: str) -> str:
    """Return what a certificate for a name is called; no address is: constraints of hosts would be held against it."""
    try:
        return f'address {ipaddress.ip_address(name)}'
    except ValueError:
        return ascii_name(name)


def general_name(name: str) -> Any:
    """Return a name, or a numeric address, as it stands in a certificate.

    Raises:
        ValueError: It is neither.
    """
    x509 = _x509()
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(ascii_name(name))


def constraints(names: Iterable[str]) -> Any:
    """Return what allows an authority these names, and no others."""
    x509, allowed = _x509(), {}
    for name in names:
        try:
            allowed[name] = x509.IPAddress(ipaddress.ip_network(name))
        except ValueError:
            host = ascii_name(name.removeprefix('*.'))
            allowed[host] = x509.DNSName(host)
    return x509.NameConstraints(list(allowed.values()), None)
