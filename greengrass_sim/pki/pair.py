"""A certificate and its private key, in two PEM files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from greengrass_sim.errors import UsageError


@dataclass(frozen=True)
class Pair:
    """`NAME.pem` for everybody, and `NAME.key` for its owner alone."""

    certificate: Path
    key: Path

    @classmethod
    def at(cls, folder: Path, name: str) -> Pair:
        return cls(folder / f"{name}.pem", folder / f"{name}.key")

    def exists(self) -> bool:
        """Raises UsageError when one of the two is missing."""
        there = [path for path in (self.certificate, self.key) if path.exists()]
        if len(there) == 1:
            raise UsageError(f"{there[0]} is there without its partner: bring that back, or delete this one")
        return bool(there)

    def load(self) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
        """Raises UsageError when a file does not hold what it should, or they do not belong together."""
        try:
            certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
            key = load_pem_private_key(self.key.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"cannot read {self.certificate} and {self.key}: {error}") from error
        if not isinstance(key, EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise UsageError(f"{self.key} is not the EC key of {self.certificate}")
        return certificate, key

    def write(self, certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> None:
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(self.key, secret, 0o600)
        _write(self.certificate, certificate.public_bytes(Encoding.PEM), 0o644)


def _write(path: Path, data: bytes, mode: int) -> None:
    """Complete or not at all, and never readable for others in between."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    new.replace(path)
