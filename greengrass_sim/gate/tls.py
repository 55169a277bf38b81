"""The server's side of mutual TLS, from the files that `greengrass-sim pki` makes."""

from __future__ import annotations

import ssl
from pathlib import Path

from greengrass_sim.errors import UsageError

FILES = ("ca.pem", "server.pem", "server.key")


def server_context(folder: Path) -> ssl.SSLContext:
    """Asks every client for a certificate of the authority in `folder`; UsageError when files are missing."""
    ca, certificate, key = (folder / name for name in FILES)
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(ca))
        context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot use {', '.join(FILES)} in {folder}: {error}; `greengrass-sim pki` makes them"
        ) from error
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
