"""TLS towards the manager port."""

import ssl

from ami_dialer.config.schema import Tls


def tls_context(settings: Tls) -> ssl.SSLContext:
    """A context that checks the certificate and the host's name unless `verify` is off.

    Raises OSError when the CA file cannot be read.
    """
    context = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
