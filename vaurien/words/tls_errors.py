"""What goes wrong in TLS, in words that are the same wherever they are read."""
import ssl


def explain(error: Exception) -> str:
    """Say in half a sentence why a handshake or a connection has failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f'certificate verify failed: {error.verify_message}'
    if isinstance(error, ssl.SSLEOFError):
        return 'the connection was closed in the midst of it'
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace('_', ' ').lower()
    return str(getattr(error, 'strerror', None) or error)
