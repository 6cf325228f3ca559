"""What TLS leaves to see of what a command says to its backend. Knows the words for it, and reads no URL."""
from collections.abc import Mapping

from .schemes import TLS_NOTE, Scheme
from .servers import UnreadableError

#: parameters that ask for TLS, in any case; from the answer to the question for it on nothing is read
ASKING = {
    'sslmode': ('require', 'required', 'verify-ca', 'verify_ca', 'no-verify'), 'ssl-mode': ('required', 'verify_ca'),
    'ssl_mode': ('required', 'verify_ca'), 'ssl': ('true', '1', 'require', 'no-verify'), 'usessl': ('true',),
    'requiressl': ('1',), 'tls': ('true', '1'),
}
#: those that also ask for a certificate with the name that the client connects to
NAMING = {
    'sslmode': ('verify-full', 'verify_full', 'verify_identity'), 'ssl-mode': ('verify_identity',),
    'ssl_mode': ('verify_identity',),
    'ssl_verify_identity': ('true', '1'), 'verifyservercertificate': ('true',), 'sslidentity': ('true',),
}
UNREAD = 'asks for TLS: from there on it is relayed unread, and only connections can fail'
REFUSED = 'no demand that the certificate has the name of the server, which is now 127.0.0.1; {}:tcp would relay it nevertheless'


def notes(name: str, scheme: Scheme, parameters: Mapping[str, str], told: str) -> tuple[str, ...]:
    """Return what is to be said of a URL's TLS.

    Args:
        name: Its scheme.
        scheme: What that says.
        parameters: Those of its query, or of a DSN.
        told: The protocol that the user says; empty: that of the scheme.

    Raises:
        UnreadableError: It could not work.
    """
    low = {key.lower(): value.lower() for key, value in parameters.items()}
    if scheme.protocol != 'tcp' and any(low.get(key) in values for key, values in NAMING.items()):
        raise UnreadableError(REFUSED)
    if scheme.tls and not told:
        return (f'{name}: it {TLS_NOTE}',)
    if any(low.get(key) in values for key, values in ASKING.items()):
        return (f'it {UNREAD}',)
    return ()
