"""The files of TLS that belong to the process and not to a proxy, looked at when they are given. Starts nothing."""
from ..errors import ConfigError
from .arguments import Values
from .values import label


def check_control_tls(certificate: str, key: str, values: Values) -> None:
    """Refuse files of the control server that cannot be used, whether it runs or not.

    Args:
        certificate, key: Their paths; empty: none is given.
        values: What the user gave, for the message.

    Raises:
        ConfigError: One cannot be used.
    """
    if key and not certificate:
        raise ConfigError(label('http_key', values), key, 'its certificate beside it, as --http-cert')
    if certificate:
        import ssl  # it is slow to import, and most configurations have no use for it

        from ..net.tls.files import load_certificate
        try:
            load_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), 'http_cert', certificate, key)
        except ConfigError as error:
            raise ConfigError(label(error.option, values), error.value, error.reason) from None


def check_keylog(path: str, values: Values) -> None:
    """Refuse a file for secrets that cannot be written; where there is none, it is made.

    Args:
        path: Its path; empty: none is given.
        values: What the user gave, for the message.

    Raises:
        ConfigError: It cannot be written.
    """
    if path:
        from ..net.tls.keylog import check
        check(path, label('tls_keylog', values))
