"""What a text says of TLS with its servers: whether it is spoken, and what is to be verified. Knows words, and reads no URL."""
import re
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from .pieces import Piece, UnreadableError
from .schemes import Scheme


class Verify(IntEnum):
    """What a program verifies of its server's certificate; each looks at what those before it do."""

    NOTHING = 0
    AUTHORITY = 1   #: that it is of an authority that is trusted
    NAME = 2        #: and that it has the name of the server


class Wish(NamedTuple):
    """What a program asks for.

    Args:
        verify: What it verifies.
        ca: The file of the authorities that it trusts; empty: those that all programs do.
        cert, key: The files of what it shows of itself; empty: nothing.
        at_once: TLS begins with the first byte, also in protocols that begin it later.
        names: What the server is called where its address says it otherwise; of several servers first one for each.
    """

    verify: Verify
    ca: str = ''
    cert: str = ''
    key: str = ''
    at_once: bool = False
    names: tuple[str, ...] = ()


#: parameters with the path of a file, in small letters, whatever stands between their words
CA = ('sslrootcert', 'sslca', 'sslcacerts', 'sslcafile', 'cafile', 'cacertfile', 'tlscafile')
CERT = ('sslcert', 'sslcertfile', 'certfile', 'tlscertificatekeyfile')
KEY = ('sslkey', 'sslkeyfile', 'keyfile')
SYSTEM = 'system'   #: what libpq calls the authorities of the system
#: parameters by which TLS is asked for, by their values; from the answer to the question for it on it is spoken
MODES = ('sslmode', 'ssl')
ASKING = {
    **dict.fromkeys(('require', 'required', 'noverify'), Verify.NOTHING), 'verifyca': Verify.AUTHORITY,
    **dict.fromkeys(('verifyfull', 'verifyidentity'), Verify.NAME),
}
SWITCHES = {'ssl': Verify.NAME, 'tls': Verify.NAME, 'usessl': Verify.NOTHING, 'requiressl': Verify.NOTHING}
ON, OFF = ('true', '1', 'yes', 'on'), ('false', '0', 'no', 'off')
#: parameters by which no more is verified than this, by their values
AT_MOST = {
    'sslcertreqs': dict.fromkeys(('none', 'certnone', 'optional', 'certoptional'), Verify.NOTHING),
    'noverifyssl': dict.fromkeys(ON, Verify.NOTHING), 'verify': {'verifynone': Verify.NOTHING},
    'tls': {'skipverify': Verify.NOTHING}, 'sslverifycert': dict.fromkeys(OFF, Verify.NOTHING),
    **dict.fromkeys(('tlsinsecure', 'tlsallowinvalidcertificates'), dict.fromkeys(ON, Verify.NOTHING)),
    'tlsallowinvalidhostnames': dict.fromkeys(ON, Verify.AUTHORITY),
    'sslcheckhostname': dict.fromkeys(OFF, Verify.AUTHORITY), 'sslverifyidentity': dict.fromkeys(OFF, Verify.AUTHORITY),
}
#: those by which no less is
AT_LEAST = {
    'sslverifyidentity': dict.fromkeys(ON, Verify.NAME), 'sslverifycert': dict.fromkeys(ON, Verify.AUTHORITY),
    'verifyservercertificate': dict.fromkeys(ON, Verify.NAME), 'sslidentity': dict.fromkeys(ON, Verify.NAME),
}
UNVERIFIED = re.compile(r'"rejectunauthorized"\s*:\s*false')
#: drivers of MySQL that verify the name where they know an authority; others look at the authority alone
STRICT = ('pymysql', 'aiomysql', 'asyncmy')
BINDING = 'channelbinding'
BOUND = 'channel_binding=require: the password would be bound to a certificate that the server has not got'
UNREAD = 'asks for TLS: from there on it is relayed unread, and only connections can fail'
REFUSED = 'no demand for a certificate with the name of the server: a JVM takes no authority from its environment; ' \
    '{}:tcp would relay it nevertheless'


def plain(word: str) -> str:
    """Return a word without what is between its parts, which libraries write in several ways."""
    return word.lower().replace('-', '').replace('_', '')


def wish(name: str, scheme: Scheme, parameters: Mapping[str, Piece]) -> Wish | None:
    """Return what a text asks for; None: no TLS, or none that it insists on.

    Args:
        name: Its scheme; empty: it is no URL.
        scheme: What that says.
        parameters: Those of its query, or of a DSN.
    """
    said = {plain(key): piece.text for key, piece in parameters.items()}
    words = {key: plain(value) for key, value in said.items()}
    ca, cert, key = (next((said[key] for key in keys if said.get(key)), '') for keys in (CA, CERT, KEY))
    level = asked(name, scheme, words, ca)
    if level is None:
        return None
    level = min([level, *(levels[words[key]] for key, levels in AT_MOST.items() if words.get(key) in levels)])
    level = max([level, *(levels[words[key]] for key, levels in AT_LEAST.items() if words.get(key) in levels)])
    at_once = scheme.tls or words.get('sslnegotiation') == 'direct'
    return Wish(level, '' if ca == SYSTEM else ca, cert, key, at_once)


def asked(name: str, scheme: Scheme, words: Mapping[str, str], ca: str) -> Verify | None:
    """Return what is verified as far as that is said by how TLS is asked for; None: it is not."""
    for key in MODES:
        if words.get(key) in ASKING:
            level = ASKING[words[key]]      # libpq verifies what it knows an authority for
            return Verify.AUTHORITY if level is Verify.NOTHING and ca and scheme.protocol == 'postgres' else level
    for key, level in SWITCHES.items():
        if words.get(key, '').startswith('{'):      # mysql2 takes its options as JSON
            return Verify.NOTHING if UNVERIFIED.search(words[key]) else Verify.NAME
        if words.get(key) in ON:
            return level
    if scheme.protocol == 'postgres' and ca == SYSTEM or scheme.tls or scheme.starttls:
        return Verify.NAME
    if words.get('tls') in AT_MOST['tls']:
        return Verify.NOTHING
    if scheme.protocol == 'mysql' and ca:
        return Verify.NAME if name.partition('+')[2] in STRICT else Verify.AUTHORITY
    return None


def trusted(parameters: Mapping[str, Piece]) -> list[Piece]:
    """Return where a text names authorities, in place of which the run's is to stand."""
    return [piece for key, piece in parameters.items() if plain(key) in CA and piece.text and piece.text != SYSTEM]


def bound(parameters: Mapping[str, Piece]) -> list[Piece]:
    """Return where a text asks for a password that is bound to the server's certificate (libpq), which is vaurien's here.

    Raises:
        UnreadableError: It insists on it.
    """
    found = [piece for key, piece in parameters.items() if plain(key) == BINDING]
    if any(piece.text == 'require' for piece in found):
        raise UnreadableError(f'no {BOUND}; {{}}:tcp would relay it unread')
    return found


def notes(said: Wish | None, told: str, is_java: bool) -> tuple[Wish | None, tuple[str, ...]]:
    """Return what comes of a wish, and what is to be said of it.

    Args:
        said: The wish.
        told: The protocol that the user says; empty: that of the scheme. Told that it is tcp, nothing is read.
        is_java: It is for a program that takes no authority from its environment.

    Raises:
        UnreadableError: It could not work.
    """
    if said is None or told == 'tcp':
        return None, ()
    if not is_java:
        return said, ()
    if said.verify is Verify.NAME:
        raise UnreadableError(REFUSED)
    return None, (f'it {UNREAD}',)
