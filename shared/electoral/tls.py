"""TLS that a service ends itself: its certificate, and whose certificates callers may show."""

import ssl
from pathlib import Path

from electoral.unusable import Unusable


def server_context(certificate: Path, key: Path, client_ca: Path) -> ssl.SSLContext:
    """Make the context of a public port; raises `Unusable`.

    A caller need not show a certificate; one that is shown has to be of these authorities.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_OPTIONAL
    _load_own(context, certificate, key)
    try:
        context.load_verify_locations(cafile=client_ca)
    except (OSError, ssl.SSLError):
        raise Unusable("it must hold certificates of authorities, in PEM.", client_ca) from None
    return context


def _load_own(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        certificate.read_bytes()
    except OSError:
        raise Unusable("it cannot be read.", certificate) from None
    try:
        # Without a pass phrase: OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError):
        raise Unusable(
            "it must be the key of the certificate, in PEM and without a pass phrase.", key
        ) from None
