"""TLS towards the manager port."""

import ssl

from ami_dialer.config.schema import Tls


def tls_context(settings: Tls) -> ssl.SSLContext:
    """A context that checks the certificate and the host's name unless `verify` is off.

    Raises OSError when the CA file cannot be read.
    """
    context = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    if settings.ca_file:
        # From Python 3.13 on strict is the default and wants a key usage in the authority's certificate. Those made by
        # Asterisk's ast_tls_cert and by plain `openssl req -x509` have none; the administrator named this one.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
